import os

from . import wheels
from nova import exception

X = os

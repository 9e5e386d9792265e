import os

from nova import exception

X = os

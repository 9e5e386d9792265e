import os

from nova.mill.names import *  # noqa

X = os

import os
import time

from nova.mill.names import *  # noqa

X = os

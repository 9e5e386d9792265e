# Copyright, and a licence
# of two lines.

import os

SPEED = 3

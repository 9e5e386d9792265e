# Copyright, and a licence
# of two lines.

SPEED = 3

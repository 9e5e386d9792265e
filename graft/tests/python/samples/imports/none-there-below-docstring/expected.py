# Copyright, and a licence.

"""Grind."""

import os

from nova import exception

SPEED = 3

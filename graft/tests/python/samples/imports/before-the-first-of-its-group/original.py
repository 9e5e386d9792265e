"""Grind."""

import os

# Settings come first.
from oslo_utils import units

from nova.mill import wheels

CONF = 1

"""Grind."""

import abc
import os

from oslo_config import cfg
# Settings come first.
from oslo_utils import units

from nova import exception
from nova.mill import wheels

CONF = 1

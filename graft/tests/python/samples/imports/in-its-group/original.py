"""Grind."""

import os

from oslo_config import cfg
from oslo_utils import units

from nova import exception
from nova.mill import stones
from nova.mill import wheels

CONF = cfg.CONF

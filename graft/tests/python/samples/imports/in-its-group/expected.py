"""Grind."""

import os
import time

from oslo_config import cfg
from oslo_log import log as logging
from oslo_utils import units

from nova import exception
from nova.mill import miller
from nova.mill import stones
from nova.mill import wheels

CONF = cfg.CONF

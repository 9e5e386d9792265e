import os
import zlib

from oslo_config import cfg
from oslo_utils import units

from nova import exception
from nova.mill import wheels


def grind():
    return cfg, exception, os

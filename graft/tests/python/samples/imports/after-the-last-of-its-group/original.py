import os

from oslo_config import cfg

from nova import exception


def grind():
    return cfg, exception, os

import os

from oslo_utils import units

from nova import exception


def grind():
    return exception, os

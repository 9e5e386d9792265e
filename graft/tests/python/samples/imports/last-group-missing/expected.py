import os

from nova import exception


def grind():
    return os

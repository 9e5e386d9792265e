import os

try:
    import millstones
except ImportError:
    millstones = None
    LOG.warning('no stones')


def grind():
    return millstones

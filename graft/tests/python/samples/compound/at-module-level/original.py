import os

try:
    import millstones
except ImportError:
    millstones = None


def grind():
    return millstones

"""A block of Nova's at module level is held on to as in a function."""

try:  # nova
    ...
except ImportError:
    ...
    LOG.warning('no stones')

"""A class without bases gains its first."""

class Mill(..., Lockable):
    ...

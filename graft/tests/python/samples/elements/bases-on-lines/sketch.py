"""A class whose bases stand on lines gains a line."""

class Mill(..., Lockable):
    ...

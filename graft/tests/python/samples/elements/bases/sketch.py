"""A class gains a base."""

class Mill(..., Lockable):
    ...


class Tower(..., Lockable):
    ...

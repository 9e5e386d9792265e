"""A new attribute stands before the one that is made of it."""

class Action(Enum):
    PAUSE = 'pause'
    ALL = (..., PAUSE)

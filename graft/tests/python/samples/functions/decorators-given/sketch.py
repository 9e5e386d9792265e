"""Decorators of the sketch take the place of Nova's."""

@counted(corn=1)
@wraps(1)
def grind(corn):
    ...

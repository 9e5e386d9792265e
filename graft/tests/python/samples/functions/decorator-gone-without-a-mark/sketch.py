"""A decorator of Nova's goes only by a mark."""

@counted(corn=1)
@wraps(1)
def grind(corn):
    ...

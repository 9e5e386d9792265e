"""A return type of Nova's goes only by a mark."""

def grind(corn) -> tuple:
    ...


def sift(corn):
    log(corn)
    ...

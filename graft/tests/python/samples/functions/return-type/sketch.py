"""A return type of the sketch takes the place of Nova's; none leaves it."""

def grind(corn) -> tuple:
    ...


def sift(corn):
    log(corn)
    ...

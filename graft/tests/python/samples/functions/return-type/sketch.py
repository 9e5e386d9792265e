"""A return type of the sketch takes the place of Nova's, if the line says so; none leaves it."""

def grind(corn) -> tuple:  # drops nova
    ...


def sift(corn):
    log(corn)
    ...

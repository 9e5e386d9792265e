"""A block of the sketch may stand on the line that opens it."""

def grind(corn):
    if dry: ...
    else: wet(corn)


def sift(corn): ...

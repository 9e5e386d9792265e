"""Of several faults the first in the sketch is reported."""

def sift(corn):
    ...
    shake(corn)  # nova


def grind(corn):
    ...
    turn(corn)  # nova

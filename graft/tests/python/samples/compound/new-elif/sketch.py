"""A branch that Nova lacks stands after the one it follows in the sketch."""

def grind(corn):
    if corn.dry:  # nova
        ...
    # Soon it will be one or the other.
    elif corn.damp:
        sun(corn)

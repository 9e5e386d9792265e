"""An `else` with signs that Nova lacks stops the weave."""

def grind(corn):
    if corn:  # nova
        ...
    else:
        ...
        drain()

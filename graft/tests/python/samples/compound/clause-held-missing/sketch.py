"""A clause with signs that Nova lacks stops the weave."""

def grind(corn):
    try:  # nova
        ...
    except Flood:
        ...
        drain()

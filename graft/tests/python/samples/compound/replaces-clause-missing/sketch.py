"""A mark that replaces a clause that Nova lacks stops the weave."""

def grind(corn):
    if corn:  # nova
        ...
    else:  # replaces nova
        drain()

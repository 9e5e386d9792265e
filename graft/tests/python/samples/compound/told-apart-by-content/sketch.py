"""Of two blocks that open alike the one that has the anchor is meant."""

def grind(corn):
    ...
    if corn:  # nova
        sift(corn)  # nova
        log(corn)
    ...

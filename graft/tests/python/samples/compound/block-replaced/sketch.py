"""The first clause of a block is replaced where the sketch says so."""

def grind(corn):
    ...
    for stone in corn:  # replaces nova
        throw(stone)
    ...

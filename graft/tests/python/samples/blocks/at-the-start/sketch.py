"""The start of a block is a sign: what stands there comes first."""

def grind(corn):
    corn = dry(corn)
    ...

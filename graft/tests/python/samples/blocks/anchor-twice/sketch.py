"""An anchor that stands in two places stops the weave."""

def grind(corn):
    ...
    corn = turn(...)  # nova
    log(corn)
    ...

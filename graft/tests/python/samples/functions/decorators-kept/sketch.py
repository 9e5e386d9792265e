"""Nova's decorators stay where the sketch shows none."""

def grind(corn):
    log(corn)
    ...

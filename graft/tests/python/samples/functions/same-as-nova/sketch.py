"""A function that reads as Nova's does needs no mark."""

def grind(corn):
    return turn(corn)

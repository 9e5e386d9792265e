"""A function that is but its docstring gets a body."""

def grind(corn):
    ...
    return turn(corn)

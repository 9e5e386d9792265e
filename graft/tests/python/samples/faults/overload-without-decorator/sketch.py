"""A function of several with one name is to be told by a decorator."""

def grind(corn):
    log(corn)
    ...

"""A function of several with one name is to be distinguished by a decorator."""

def grind(corn):
    log(corn)
    ...

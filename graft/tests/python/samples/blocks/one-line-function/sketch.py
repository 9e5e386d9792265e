"""A function that Nova writes on one line gets a body of lines."""

def grind(corn):
    log(corn)
    ...

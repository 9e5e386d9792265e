"""A function that keeps Nova's lines is not replaced."""

def grind(corn):  # replaces nova
    log(corn)
    ...

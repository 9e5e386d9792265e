"""Nova's docstring stays where the sketch gives none."""

def grind(corn):
    log(corn)
    ...

"""`*nova` is Nova's own parameters, whatever they are."""

def grind(*nova):
    log(corn)
    ...

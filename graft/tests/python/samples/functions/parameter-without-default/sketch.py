"""A parameter that would make the function no Python stops the weave."""

def grind(*nova, slow):
    ...

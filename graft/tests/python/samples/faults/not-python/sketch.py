"""A sketch that is not Python stops the weave, with the line."""

def grind(corn):
    log(corn
    ...

"""A loop is found by its condition."""

def grind(corn):
    while True:  # nova
        ...
        rest()

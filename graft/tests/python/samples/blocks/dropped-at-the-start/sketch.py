"""What takes the place of a statement above the first sign says that it drops it."""

def grind(corn):
    if corn:  # drops nova
        dry(corn)
    turn(corn)  # nova
    ...

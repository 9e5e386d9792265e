"""What takes the place of a statement below the last sign says that it drops it."""

def grind(corn):
    ...
    turn(corn)  # nova
    return None  # drops nova

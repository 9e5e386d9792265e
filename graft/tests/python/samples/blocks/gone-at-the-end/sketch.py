"""A statement of Nova's below the last sign goes only by a mark."""

def grind(corn):
    ...
    turn(corn)  # nova
    return None

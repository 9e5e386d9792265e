"""A statement of Nova's above the first sign goes only by a mark."""

def grind(corn):
    turn(corn)  # nova
    ...

"""A statement of Nova's between two signs goes only by a mark."""

def grind(corn):
    ...
    check(corn)  # nova
    wet(corn)
    turn(corn)  # nova
    ...

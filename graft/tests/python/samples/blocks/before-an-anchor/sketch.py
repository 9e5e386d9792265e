"""What stands above an anchor goes before it, and Nova's comment stays with Nova's line."""

def grind(corn):
    ...
    dry(corn)
    turn(...)  # nova
    ...

def grind(corn):
    """Grind it."""
    return turn(corn)

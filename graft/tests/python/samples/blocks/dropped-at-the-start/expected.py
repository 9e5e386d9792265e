def grind(corn):
    """Grind it."""
    turn(corn)
    return corn

def grind(corn):
    """Grind it."""
    if corn:
        dry(corn)
    turn(corn)
    return corn

def grind(corn):
    """Grind it."""
    check(corn)
    turn(corn)
    return corn

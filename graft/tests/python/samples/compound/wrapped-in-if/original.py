def grind(corn):
    """Grind it."""
    check(corn)
    # Round it goes.
    turn(corn)
    return corn

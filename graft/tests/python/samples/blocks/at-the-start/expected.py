def grind(corn):
    """Grind it."""
    corn = dry(corn)
    check(corn)
    return corn

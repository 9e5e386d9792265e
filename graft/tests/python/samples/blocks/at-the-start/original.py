def grind(corn):
    """Grind it."""
    check(corn)
    return corn

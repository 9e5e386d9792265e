def grind(corn):
    """Grind it."""

def grind(corn):
    """Grind it."""
    check(corn)
    # Only dry corn.
    if corn.dry:
        # Round it goes.
        turn(corn)
        return corn
    else:
        dry(corn)

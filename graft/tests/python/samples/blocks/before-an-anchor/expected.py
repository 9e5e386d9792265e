def grind(corn):
    check(corn)
    dry(corn)

    # Round it goes.
    turn(corn)
    return corn

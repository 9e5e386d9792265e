def grind(corn):
    check(corn)

    # Round it goes.
    turn(corn)
    return corn

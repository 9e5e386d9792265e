def grind(corn):
    check(corn)
    turn(corn)
    return corn

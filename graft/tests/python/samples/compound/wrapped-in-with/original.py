def grind(corn):
    check(corn)
    turn(corn)
    sift(corn)
    return corn

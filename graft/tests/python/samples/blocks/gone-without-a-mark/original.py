def grind(corn):
    check(corn)
    dry(corn)
    turn(corn)
    sift(corn)
    return corn

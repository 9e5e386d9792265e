def grind(corn):
    check(corn)
    wet(corn)
    turn(corn)
    sift(corn)
    return corn

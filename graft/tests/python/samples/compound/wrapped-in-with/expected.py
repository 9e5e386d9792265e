def grind(corn):
    check(corn)
    with lock(corn):
        turn(corn)
        sift(corn)
    return corn

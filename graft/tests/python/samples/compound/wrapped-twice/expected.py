def grind(corn):
    for one in corn:
        while one.whole:
            check(corn)
            turn(corn)

def grind(corn):
    if corn:
        turn(corn)
    if corn:
        sift(corn)

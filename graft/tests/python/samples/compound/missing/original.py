def grind(corn):
    if corn:
        turn(corn)
    if stones:
        sift(corn)

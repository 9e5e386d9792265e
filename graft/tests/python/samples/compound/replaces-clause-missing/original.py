def grind(corn):
    if corn:
        turn(corn)

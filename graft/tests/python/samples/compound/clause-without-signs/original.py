def grind(corn):
    if corn:
        turn(corn)
    else:
        wait()

def grind(corn):
    if corn.dry:
        turn(corn)
    elif corn.wet:
        dry(corn)
    else:
        wait(corn)

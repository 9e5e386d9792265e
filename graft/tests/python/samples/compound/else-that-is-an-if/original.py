def grind(corn):
    if corn.dry:
        turn(corn)
    else:
        if corn.wet:
            dry(corn)

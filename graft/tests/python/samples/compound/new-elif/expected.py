def grind(corn):
    if corn.dry:
        turn(corn)
    # Soon it will be one or the other.
    elif corn.damp:
        sun(corn)
    elif corn.wet:
        dry(corn)
    else:
        wait(corn)

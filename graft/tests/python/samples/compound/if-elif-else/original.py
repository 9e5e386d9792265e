def grind(corn):
    if corn.dry:
        turn(corn)
    elif corn.wet:
        dry(corn)
    elif corn.old:
        throw(corn)
    else:
        wait(corn)
    return corn

def grind(corn):
    if corn:
        turn(corn)
        log(corn)
    while corn:
        log(corn)
        turn(corn)  # on
    return corn

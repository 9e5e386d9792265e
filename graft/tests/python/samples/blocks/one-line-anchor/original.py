def grind(corn):
    if corn: turn(corn)
    while corn: turn(corn)  # on
    return corn

def grind(corn):
    if corn.dry:
        turn(corn)
    for stone in corn:
        pick(stone)
    while corn:
        turn(corn)

def grind(corn):
    if corn.dry:
        turn(corn)
    else:
        wait(corn)
    for stone in corn:
        pick(stone)
    else:
        log('no stones')
    while corn:
        turn(corn)
    else:
        log('empty')

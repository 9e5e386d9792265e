def grind(corn):
    check(corn)
    for stone in corn:
        pick(stone)
    return corn

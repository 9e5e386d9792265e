def grind(corn):
    check(corn)
    for stone in corn:
        throw(stone)
    return corn

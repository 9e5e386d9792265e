def grind(corn):
    corn.parts += [1, 2]
    if corn:
        raise Jam('full', code=1, stone=corn.stone)
    return sorted(wheel.parts(1, 2), key=len)

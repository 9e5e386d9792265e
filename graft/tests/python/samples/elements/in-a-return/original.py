def grind(corn):
    corn.parts += [1]
    if corn:
        raise Jam('full', code=1)
    return sorted(wheel.parts(1), key=len)

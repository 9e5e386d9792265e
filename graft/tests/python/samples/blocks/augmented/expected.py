def grind(corn):
    total += len(corn)
    a()
    del corn[0]
    b()
    assert total, 'none'
    c()
    yield total
    d()
    corn: list = sorted(corn)
    e()
    global COUNT
    f()
    return corn

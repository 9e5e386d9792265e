def grind(corn):
    total += len(corn)
    del corn[0]
    assert total, 'none'
    yield total
    corn: list = sorted(corn)
    global COUNT
    return corn

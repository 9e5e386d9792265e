"""Other statements than assignments and calls are anchors too."""

def grind(corn):
    total += ...  # nova
    a()
    del corn[...]  # nova
    b()
    assert total, ...  # nova
    c()
    yield ...  # nova
    d()
    corn: list = ...  # nova
    e()
    global COUNT  # nova
    f()
    return ...  # nova

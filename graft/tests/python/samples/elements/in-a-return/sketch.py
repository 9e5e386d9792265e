"""Elements are added in whatever statement on its own line they stand."""

def grind(corn):
    corn.parts += [..., 2]
    if corn:  # nova
        raise Jam(..., stone=corn.stone)
    return sorted(wheel.parts(..., 2), key=len)

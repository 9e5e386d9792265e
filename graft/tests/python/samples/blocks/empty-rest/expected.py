def grind(corn):
    check(corn)
    if corn:
        pass

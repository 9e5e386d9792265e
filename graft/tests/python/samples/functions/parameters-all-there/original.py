def grind(corn, stones=2, *, lock=None):
    return turn(corn)

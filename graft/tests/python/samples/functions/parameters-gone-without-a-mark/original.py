def grind(corn, stones=2):
    return turn(corn)

def grind(corn):
    wheel.turn(corn, times=3, slowly=True)
    return corn

def grind(corn):
    wheel.turn(corn, times=3)
    return corn

def grind(corn):
    wheel.turn(corn)
    return corn

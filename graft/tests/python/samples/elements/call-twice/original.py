def grind(corn):
    wheel.turn(corn)
    wheel.turn(stone)
    return corn

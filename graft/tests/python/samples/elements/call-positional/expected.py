def grind(corn):
    wheel.turn(corn, stone, times=3)

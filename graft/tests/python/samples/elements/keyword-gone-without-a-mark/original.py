def grind(corn):
    wheel.turn(corn,
               times = 3,  # enough
               lock=None)

def grind(corn):
    wheel.turn(corn,
               times = self.times,  # enough
               lock=None)

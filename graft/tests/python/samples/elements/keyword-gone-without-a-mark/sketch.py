"""The value of a keyword of Nova's goes only by a mark."""

def grind(corn):
    wheel.turn(..., times=self.times)

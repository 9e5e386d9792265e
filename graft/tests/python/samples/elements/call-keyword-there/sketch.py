"""A keyword that Nova has takes our value where it stands."""

def grind(corn):
    wheel.turn(..., times=self.times)

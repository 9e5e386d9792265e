"""A keyword that Nova has takes our value where it stands, if its line says so."""

def grind(corn):
    wheel.turn(..., times=self.times)  # replaces nova

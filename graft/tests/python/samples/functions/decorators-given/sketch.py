"""A decorator of the sketch takes the place of one of Nova's, if it says so."""

@counted(corn=1)  # drops nova
@wraps(1)
def grind(corn):
    ...

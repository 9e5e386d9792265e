"""An assignment among statements keeps its place and takes our value, if its line says so."""

def grind(corn):
    ...
    # And not faster than the stones bear.
    speed = min(wind(), stones.most)  # replaces nova
    ...

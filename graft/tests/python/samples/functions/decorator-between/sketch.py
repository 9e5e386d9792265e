"""A decorator of ours stands among those that the sketch shows."""

@logged  # nova
@counted
@...
def grind(corn):
    ...

"""In an anchor `...` matches any expression, or any run of elements."""

def grind(corn):
    ...
    wheel.speed = ...  # nova
    one()
    self.turn(wheel, ..., slowly=...)  # nova
    two()
    ...
    raise Jam('it is full', ...)  # nova

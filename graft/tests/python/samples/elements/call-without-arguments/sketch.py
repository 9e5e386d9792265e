"""A call without arguments gains its first."""

def grind(corn):
    wheel.turn(..., slowly=True)
    return [..., corn]

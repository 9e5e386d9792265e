"""Starred arguments and elements are elements as others are."""

def grind(corn):
    wheel.turn(..., slowly=True)
    return [..., *stones]

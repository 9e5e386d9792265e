"""A list that shows `...` only further inside is as Nova has it, but for what is added there."""

STONES = [('fine', [..., 9]), ('coarse', [3])]


def grind(corn):
    wheel.turn(make(corn, [..., 2]), times=3)

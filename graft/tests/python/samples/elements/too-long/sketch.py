"""A line that ours make too long is broken where Nova's elements begin."""

STONES_OF_THE_OLD_MILL = [..., 'rough', 'round']


def grind(corn):
    wheel.turn(..., slowly=True)

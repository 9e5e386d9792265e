STONES = [('fine', [1, 2]), ('coarse', [3])]


def grind(corn):
    wheel.turn(make(corn, [1]), times=3)

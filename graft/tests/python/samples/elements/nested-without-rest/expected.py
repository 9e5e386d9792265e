STONES = [('fine', [1, 2, 9]), ('coarse', [3])]


def grind(corn):
    wheel.turn(make(corn, [1, 2]), times=3)

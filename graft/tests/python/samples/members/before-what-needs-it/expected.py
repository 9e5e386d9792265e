SPEED = 1


def rough():
    return 2


STONES = {
    'fine': SPEED,
    'rough': rough(),
}


def grind(stones=STONES):
    return stones


class Mill:
    stones = STONES

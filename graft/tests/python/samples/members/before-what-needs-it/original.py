SPEED = 1

STONES = {
    'fine': SPEED,
}


def grind(stones=STONES):
    return stones


class Mill:
    stones = STONES

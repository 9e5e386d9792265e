def grind(corn, stones=2,
          water=None):
    return turn(corn)


def sift(
    corn,
    stones=2,
):
    return corn


def pack(
        corn,
        stones=2):
    return corn

def grind(corn) -> list:
    return turn(corn)


def sift(corn) -> list:
    return corn

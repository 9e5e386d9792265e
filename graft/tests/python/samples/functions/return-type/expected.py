def grind(corn) -> tuple:
    return turn(corn)


def sift(corn) -> list:
    log(corn)
    return corn

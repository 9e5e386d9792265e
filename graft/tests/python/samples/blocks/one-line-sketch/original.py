def grind(corn):
    if corn:
        turn(corn)
    return corn


def sift(corn):
    return corn

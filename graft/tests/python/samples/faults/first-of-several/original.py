def grind(corn):
    return corn


def sift(corn):
    return corn

def grind(corn, *, stones):
    return turn(corn)


def sift(corn, *stones, **more):
    return corn


def pack(corn, *stones, tight=True, **more):
    return corn

def grind(corn, stones=2, **more):
    return turn(corn)


def sift(**more):
    return corn


def pack(corn,
         stones,
         **more):
    return corn

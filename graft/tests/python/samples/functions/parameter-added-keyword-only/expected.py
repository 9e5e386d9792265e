def grind(corn, *, stones, fast):
    return turn(corn)


def sift(corn, *stones, fast=False, **more):
    return corn


def pack(corn, *stones, tight=True, fast=False, **more):
    return corn

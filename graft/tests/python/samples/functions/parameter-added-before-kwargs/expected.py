def grind(corn, stones=2, fast=False, **more):
    return turn(corn)


def sift(fast=False, **more):
    return corn


def pack(corn,
         stones,
         fast=False,
         **more):
    return corn

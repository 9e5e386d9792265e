def grind(corn, stones=2,
          water=None, fast=False):
    return turn(corn)


def sift(
    corn,
    stones=2,
    fast=False,
):
    return corn


def pack(
        corn,
        stones=2,
        fast=False):
    return corn

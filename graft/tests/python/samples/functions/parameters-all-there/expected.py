def grind(corn, stones=2, times=1, *, fast=False, lock=None):
    return turn(corn)

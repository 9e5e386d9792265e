def grind(corn, stones=3, *, fast=False):
    return turn(corn)

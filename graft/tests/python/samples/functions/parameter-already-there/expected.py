def grind(corn, fast=False):
    return turn()

def grind(fast=False):
    return turn()

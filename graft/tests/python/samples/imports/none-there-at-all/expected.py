import os


def grind():
    return 1

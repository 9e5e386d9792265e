import os


def grind():
    return os

import os

SPEED = 1


def grind():
    return os, SPEED

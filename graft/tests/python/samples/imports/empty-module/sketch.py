"""An empty module becomes what the sketch shows."""

import os

SPEED = 1


def grind():
    return os, SPEED

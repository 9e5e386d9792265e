"""Blocks of ours may stand inside each other."""

def grind(corn):
    for one in corn:
        while one.whole:
            ...

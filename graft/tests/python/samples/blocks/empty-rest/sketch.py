"""A block of ours whose `...` stands for nothing passes."""

def grind(corn):
    check(corn)  # nova
    if corn:
        ...

"""What stood on its block's line can be taken into a block of ours."""

def grind(corn):
    if corn:
        ...

"""The end of a block is a sign: what stands there comes last."""

def grind(corn):
    ...
    log(corn)

"""An argument without a keyword of ours stands before Nova's keywords."""

def grind(corn):
    wheel.turn(..., stone)

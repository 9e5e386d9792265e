"""`@...` stands for Nova's decorators, ours above or below."""

# Counting comes first.
@counted
@...
@timed('s')
def grind(corn):
    ...

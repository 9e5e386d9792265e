@logged
@wraps(1)
def grind(corn):
    return turn(corn)

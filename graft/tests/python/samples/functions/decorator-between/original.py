@logged
@wraps(1)
@timed
def grind(corn):
    return turn(corn)

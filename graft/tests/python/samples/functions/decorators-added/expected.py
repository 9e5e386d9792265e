@counted
@logged
@wraps(1)
@timed('s')
def grind(corn):
    return turn(corn)

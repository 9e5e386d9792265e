@logged
@wraps(1)
def grind(corn):
    log(corn)
    return turn(corn)

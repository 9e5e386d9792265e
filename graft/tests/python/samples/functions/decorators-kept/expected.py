@logged
@wraps(1,
       2)
def grind(corn):
    log(corn)
    return turn(corn)

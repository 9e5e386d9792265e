@logged
@wraps(1,
       2)
def grind(corn):
    return turn(corn)

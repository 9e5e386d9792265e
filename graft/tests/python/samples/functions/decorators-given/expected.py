@counted(corn=1)
@wraps(1)
def grind(corn):
    return turn(corn)

def grind(corn, *stones, fast = False,
          **more):
    log(corn)
    return turn(corn)

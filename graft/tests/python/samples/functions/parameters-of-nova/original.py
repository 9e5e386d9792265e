def grind(corn, *stones, fast = False,
          **more):
    return turn(corn)

def grind(corn):
    check(corn)
    try:
        # As fast as the stones bear.
        speed = stones.most  # the most
        turn(corn, speed)
    finally:
        sweep()
    return corn

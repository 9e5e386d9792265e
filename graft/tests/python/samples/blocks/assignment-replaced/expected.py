def grind(corn):
    check(corn)
    # As fast as the wind.
    # And not faster than the stones bear.
    speed = min(wind(), stones.most)
    turn(corn, speed)
    return corn

def grind(corn):
    check(corn)
    # As fast as the wind.
    speed = wind()
    turn(corn, speed)
    return corn

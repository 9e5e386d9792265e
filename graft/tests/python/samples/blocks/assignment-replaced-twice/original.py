def grind(corn):
    check(corn)
    # As fast as the wind.
    speed = wind()
    speed = 2 * speed
    turn(corn, speed)
    return corn

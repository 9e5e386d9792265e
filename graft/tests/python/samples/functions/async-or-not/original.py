def grind(corn):
    turn(corn)

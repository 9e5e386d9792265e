def grind(corn):
    turn(corn)
    sift(corn)
    turn(corn)
    pack(corn)
    turn(corn)

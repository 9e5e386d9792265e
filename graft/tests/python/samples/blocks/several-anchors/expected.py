def grind(corn):
    turn(corn)
    sift(corn)
    count()
    turn(corn)
    pack(corn)
    count()
    turn(corn)

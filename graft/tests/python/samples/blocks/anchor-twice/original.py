def grind(corn):
    corn = turn(corn, 1)
    sift(corn)
    corn = turn(corn, 2)

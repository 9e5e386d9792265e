def grind(corn):
    check(corn)

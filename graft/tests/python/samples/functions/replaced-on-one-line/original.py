def grind(corn): return turn(corn)

def grind(corn):
    with gate.open(corn):
        turn(corn)

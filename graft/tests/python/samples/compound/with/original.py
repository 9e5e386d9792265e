def grind(corn):
    with gate.open(corn) as water, lock:
        turn(corn)
        log(water)

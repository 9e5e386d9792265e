def grind(corn):
    with gate.open(corn) as water, lock:
        turn(corn)
        count(corn)
        log(water)

"""A `with` is found by what it enters."""

def grind(corn):
    with gate.open(...) as water, lock:  # nova
        turn(...)  # nova
        count(corn)
        ...

"""An `else` that Nova lacks is added."""

def grind(corn):
    if corn.dry:  # nova
        ...
    else:
        wait(corn)
    for stone in ...:  # nova
        ...
    else:
        log('no stones')
    while ...:  # nova
        ...
    else:
        log('empty')

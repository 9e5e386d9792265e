"""An `if` alone in an `else` is not an `elif`."""

def grind(corn):
    if corn.dry:  # nova
        ...
    else:
        if corn.wet:  # nova
            ...
            log(corn)

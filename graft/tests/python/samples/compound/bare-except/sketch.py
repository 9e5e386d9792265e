"""An `except` without a name is found by that."""

def grind(corn):
    try:  # nova
        ...
    except:
        log('flight')
        ...

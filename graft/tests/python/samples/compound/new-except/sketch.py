"""An `except` that Nova lacks stands after the one it follows in the sketch, or first."""

def grind(corn):
    try:  # nova
        ...
    # Too much of it.
    except Flood:
        drain()
    except Jam:
        ...
    except Drought as dry:
        pray(dry)

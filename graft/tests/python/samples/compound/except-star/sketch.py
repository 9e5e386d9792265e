"""The clauses of an `except*` are woven as those of an `except`."""

def grind(corn):
    try:  # nova
        ...
    except* Jam:
        log('jam')
        ...
    except* Flood:
        drain()

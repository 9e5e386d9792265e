"""A clause may be held on to by name."""

def grind(corn):
    try:  # nova
        ...
    except Jam as jam:  # nova
        clear(...)  # nova
        log('jam')
        ...
    finally:  # nova
        ...
        rest()

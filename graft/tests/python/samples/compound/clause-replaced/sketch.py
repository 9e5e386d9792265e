"""A clause of Nova's is replaced where the sketch says so."""

def grind(corn):
    if corn:  # nova
        ...
    else:  # replaces nova
        leave()
    try:  # nova
        ...
    except Jam:  # replaces nova
        # Not today.
        flee()

"""What the sketch does not touch keeps its bytes, however odd."""

def grind(*nova):
    ...
    turn(corn, ...)  # nova
    # Ours.
    log(f'{corn!r} "{stones:>3}"')
    ...

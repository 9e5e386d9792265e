"""A new function stands after the one that stands before it in the sketch."""

def open_gate():
    ...


def half_open_gate():
    """Open the gate, but not all of it."""
    return 0.5

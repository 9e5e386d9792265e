"""Elements in the line that opens a block of ours stop the weave."""

def grind(corn):
    with gate.open(..., wide=True):
        ...

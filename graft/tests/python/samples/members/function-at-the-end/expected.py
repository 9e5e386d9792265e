def open_gate():
    return 1


def close_gate():
    return 0

# The end of the gate.

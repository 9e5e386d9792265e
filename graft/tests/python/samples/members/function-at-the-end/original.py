def open_gate():
    return 1

# The end of the gate.

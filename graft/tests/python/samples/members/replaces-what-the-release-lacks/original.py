def open_gate():
    return 1

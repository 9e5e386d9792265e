def open_gate():
    return 1


def close_gate():
    return 0

WIDTH = 1


def open_gate():
    return 1

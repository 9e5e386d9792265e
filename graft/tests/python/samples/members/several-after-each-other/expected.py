def open_gate():
    return 1


# Once a day.
def grease_gate():
    return 2


def paint_gate():
    return 3


def close_gate():
    return 0

WIDTH = 1


def logged(function):
    return function


@logged
def open_gate():
    return 1

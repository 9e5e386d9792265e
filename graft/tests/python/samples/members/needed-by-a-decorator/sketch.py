"""A new decorator stands before the function that it decorates."""

def logged(function):
    return function


@logged
def open_gate():
    ...

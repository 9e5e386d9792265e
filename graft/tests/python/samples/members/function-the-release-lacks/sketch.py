"""A sign in a function that the release lacks stops the weave."""

def open_gates():
    ...
    return 2

"""A function inside a function is replaced only with the mark."""

def grind(corn):

    def turn(stone):
        return None

    ...

"""A function inside a function is woven as a block is."""

def grind(corn):

    def turn(*nova):
        stone.turn(...)  # nova
        log(stone)
        ...
    ...

def grind(corn):
    '''Grind it.

    Well.
    '''

    return turn(corn)

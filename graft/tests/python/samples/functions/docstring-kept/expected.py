def grind(corn):
    '''Grind it.

    Well.
    '''
    log(corn)

    return turn(corn)

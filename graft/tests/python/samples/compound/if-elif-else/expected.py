def grind(corn):
    if corn.dry:
        turn(corn)
        log('dry')
    elif corn.wet:
        dry(corn)
    elif corn.old:
        log('old')
        throw(corn)
    else:
        wait(corn)
        log('none')
    return corn

def grind(corn):
    log(corn)
    return corn

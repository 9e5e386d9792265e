@version(1)
def grind(corn):
    return corn


@version(2)
def grind(corn):
    return corn

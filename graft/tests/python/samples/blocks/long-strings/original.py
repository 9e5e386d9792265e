def grind(corn):
    return corn

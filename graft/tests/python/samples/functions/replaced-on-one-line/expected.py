def grind(corn):
    return blow(corn)

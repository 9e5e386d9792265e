def grind(corn):
    wheel.turn()
    return []

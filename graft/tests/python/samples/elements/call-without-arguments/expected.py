def grind(corn):
    wheel.turn(slowly=True)
    return [corn]

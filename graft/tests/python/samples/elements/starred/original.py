def grind(corn):
    wheel.turn(*corn, **more)
    return [*corn]

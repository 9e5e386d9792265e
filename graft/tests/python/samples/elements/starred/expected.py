def grind(corn):
    wheel.turn(*corn, **more, slowly=True)
    return [*corn, *stones]

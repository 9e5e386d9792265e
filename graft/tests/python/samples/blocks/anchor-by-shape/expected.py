def grind(corn):
    wheel.speed = self.speeds[corn.kind](corn, extra=1)
    one()
    self.turn(wheel, corn, times=3, slowly=True)
    two()
    for stone in stones:
        lay(stone)
    raise Jam("it is " 'full', code=3)

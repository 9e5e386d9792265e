def grind(corn):
    wheel.speed = self.speeds[corn.kind](corn, extra=1)
    self.turn(wheel, corn, times=3, slowly=True)
    for stone in stones:
        lay(stone)
    raise Jam("it is " 'full', code=3)

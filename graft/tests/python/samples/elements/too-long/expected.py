STONES_OF_THE_OLD_MILL = ['fine', 'coarse', 'of granite', 'of sandstone',
                          'rough', 'round']


def grind(corn):
    wheel.turn(corn, speed=wheel.speed_of(corn), times=3, lock=gate.lock,
               slowly=True)

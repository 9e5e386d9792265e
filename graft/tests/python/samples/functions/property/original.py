class Mill:

    @property
    def speed(self):
        return self._speed

    @speed.setter
    def speed(self, speed):
        self._speed = speed

    @speed.deleter
    def speed(self):
        del self._speed

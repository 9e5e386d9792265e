class Mill:

    @property
    def speed(self):
        log('get')
        return self._speed

    @speed.setter
    def speed(self, speed):
        log('set')
        self._speed = speed

    @speed.deleter
    def speed(self):
        log('delete')
        del self._speed

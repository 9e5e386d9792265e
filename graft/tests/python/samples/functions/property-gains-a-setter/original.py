class Mill:

    @property
    def speed(self):
        return self._speed

    def rest(self):
        pass

"""A setter that the release lacks stands after the getter."""

class Mill:

    @property
    def speed(self):
        ...

    @speed.setter
    def speed(self, speed):
        self._speed = speed

"""Getter, setter and deleter of a property are distinguished."""

class Mill:

    @property
    def speed(self):
        log('get')
        ...

    @speed.setter
    def speed(self, speed):
        log('set')
        ...

    @speed.deleter
    def speed(self):
        log('delete')
        ...

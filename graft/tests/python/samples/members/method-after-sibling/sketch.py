"""A new method stands after the one that stands before it in the sketch."""

class Gate:

    def open(self):
        ...

    def half_open(self):
        return 0.5

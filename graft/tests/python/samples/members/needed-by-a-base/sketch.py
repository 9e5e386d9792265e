"""A new class stands before the class that derives from it."""

class Lift:

    def lift(self):
        return 1


class Gate(..., Lift):
    ...

class Lift:

    def lift(self):
        return 1


class Gate(object, Lift):
    pass

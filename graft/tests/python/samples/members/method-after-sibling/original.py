class Gate:

    def open(self):
        return 1

    def close(self):
        return 0


class Wheel:
    pass

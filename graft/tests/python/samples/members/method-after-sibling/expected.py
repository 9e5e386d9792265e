class Gate:

    def open(self):
        return 1

    def half_open(self):
        return 0.5

    def close(self):
        return 0


class Wheel:
    pass

class Gate:
    """A gate."""

    width = 3

    def open(self):
        return 1

    def close(self):
        return 0


class Wheel:
    pass

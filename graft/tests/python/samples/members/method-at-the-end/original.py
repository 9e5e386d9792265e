class Gate:
    """A gate."""

    width = 3

    def open(self):
        return 1


class Wheel:
    pass

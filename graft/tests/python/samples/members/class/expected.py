class Gate:
    pass


@final
class Sluice(Gate):
    """A gate for water."""

    def open(self):
        return 1


class Wheel:
    pass

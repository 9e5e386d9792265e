"""A new class is set apart by two blank lines, with its decorators and docstring."""

class Gate:
    ...


@final
class Sluice(Gate):
    """A gate for water."""

    def open(self):
        return 1

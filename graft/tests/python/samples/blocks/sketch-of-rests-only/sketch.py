"""A sketch that shows nothing of its own changes nothing."""

...


class Gate:
    ...
    width = ...

    def open(*nova):
        ...


STONES = [...]


def grind(*nova):
    ...


...

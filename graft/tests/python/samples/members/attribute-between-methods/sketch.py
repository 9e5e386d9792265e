"""A new attribute after a method is set apart from it."""

class Gate:

    def open(self):
        ...

    lift = open

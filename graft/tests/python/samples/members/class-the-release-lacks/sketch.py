"""A sign in a class that the release lacks stops the weave."""

class Sluice:

    def open(self):
        ...

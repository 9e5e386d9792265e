"""A docstring of the sketch takes the place of Nova's."""

class Mill:
    """A mill, and what turns it."""

    def grind(self, corn):
        """Grind it,

        and count it.
        """
        ...

    def rest(self):
        """Rest a while."""

"""A docstring of Nova's goes only by a mark."""

class Mill:
    """A mill, and what turns it."""

    def grind(self, corn):
        """Grind it,

        and count it.
        """
        ...

    def rest(self):
        """Rest a while."""

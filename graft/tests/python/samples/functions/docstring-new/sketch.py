"""A docstring of the sketch is the first that Nova's function has."""

class Mill:
    """A mill."""

    def grind(self, corn):
        """Grind it."""
        ...

class Mill:
    """A mill."""

    def grind(self, corn):
        """Grind it."""
        # At once.
        return turn(corn)

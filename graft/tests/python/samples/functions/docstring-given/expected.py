class Mill:
    """A mill, and what turns it."""

    def grind(self, corn):
        """Grind it,

        and count it.
        """

        return turn(corn)

    def rest(self):
        """Rest a while."""

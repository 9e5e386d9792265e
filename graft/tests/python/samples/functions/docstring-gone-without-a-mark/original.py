class Mill:
    """A mill."""

    def grind(self, corn):
        '''Grind it.'''

        return turn(corn)

    def rest(self):
        """Rest."""

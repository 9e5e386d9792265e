class Mill:

    @logged
    # Slow.
    def grind(self, corn):  # by night
        """Grind it."""
        check(corn)
        return turn(corn)
        # The end of the old way.

    def rest(self):
        pass

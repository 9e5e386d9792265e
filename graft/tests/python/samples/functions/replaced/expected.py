class Mill:

    @logged
    # Slow.
    def grind(self, corn):  # by night
        """Grind it."""
        # The new way.
        return blow(corn)

    def rest(self):
        pass

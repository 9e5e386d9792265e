class Mill:

    def grind(self, corn):
        # At once.
        return turn(corn)

class Mill:

    def grind(self, corn):
        return turn(corn)

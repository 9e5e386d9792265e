class Mill:

    def grind(self, corn):
        log(corn)
        return turn(corn)

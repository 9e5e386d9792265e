class Mill:

    def grind(self, corn, stones=2):
        return turn(corn)

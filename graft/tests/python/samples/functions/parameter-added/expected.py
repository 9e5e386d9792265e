class Mill:

    def grind(self, corn, stones=2, fast=False, slow: bool = True):
        return turn(corn)

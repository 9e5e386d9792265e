class Mill:

    def grind(self, corn):
        check(corn)
        self.wheel.turn(corn)
        self.wheel.stop()
        sift(corn)
        return corn

"""An anchor that the release lacks stops the weave and names the nearest lines."""

class Mill:

    def grind(self, corn):
        ...
        self.wheel.turns(corn)  # nova
        log(corn)
        ...

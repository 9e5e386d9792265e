"""A function of Nova's shown without a sign or the mark stops the weave."""

class Mill:

    def grind(self, corn):
        return blow(corn)

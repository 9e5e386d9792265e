"""A function of ours takes the place of Nova's, whose decorators and docstring stay."""

class Mill:

    def grind(self, corn):  # replaces nova
        # The new way.
        return blow(corn)

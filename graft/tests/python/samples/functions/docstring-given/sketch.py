"""A docstring of the sketch takes the place of Nova's, if it says so."""

class Mill:
    """A mill, and what turns it."""  # replaces nova

    def grind(self, corn):
        """Grind it,

        and count it.
        """  # replaces nova
        ...

    def rest(self):
        """Rest a while."""  # replaces nova

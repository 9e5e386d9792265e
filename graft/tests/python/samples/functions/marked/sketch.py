"""A `def` or `class` line that the release has may be held on to by name."""

class Mill:  # nova

    def grind(self, corn):  # nova
        log(corn)
        ...

"""A marked decorator says which is meant, another is ours."""

class Mill:

    @version('2.0')  # nova
    @counted
    @...
    def show(self, corn):
        ...

"""Functions that share a name are distinguished by the decorators shown."""

class Mill:

    @version('2.0')  # nova
    def show(self, corn):
        log(corn)
        ...

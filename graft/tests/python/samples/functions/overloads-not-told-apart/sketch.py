"""Functions that share a name and what is shown of them stop the weave."""

class Mill:

    @expected(404)  # nova
    def show(self, corn):
        log(corn)
        ...

"""A function inside a function takes added parameters and decorators too."""

def grind(corn):

    @counted
    @...
    def turn(*nova, slowly=False):
        """Turn it, or not."""  # replaces nova
        log(stone)
        ...
    ...

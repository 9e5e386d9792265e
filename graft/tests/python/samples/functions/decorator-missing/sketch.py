"""A marked decorator that the release lacks stops the weave."""

@wraps(2)  # nova
def grind(corn):
    ...

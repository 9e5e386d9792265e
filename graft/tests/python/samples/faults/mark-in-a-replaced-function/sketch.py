"""A function with a mark inside is not replaced, and its mark is sought."""

def grind(corn):  # replaces nova
    corn = shake(corn)  # nova
    return corn

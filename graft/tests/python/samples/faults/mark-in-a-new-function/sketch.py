"""A mark in a function that the release lacks stops the weave."""

def sift(corn):
    corn = shake(corn)  # nova
    return corn

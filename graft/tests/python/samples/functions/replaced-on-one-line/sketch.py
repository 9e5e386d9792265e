"""A function on one line is replaced as others are."""

def grind(corn): return blow(corn)  # replaces nova

"""A mark that drops nothing in the release is refused: what it was written for has gone."""

def grind(corn):
    ...
    check(corn)  # nova
    dry(corn)  # drops nova
    speed = ...  # nova
    ...

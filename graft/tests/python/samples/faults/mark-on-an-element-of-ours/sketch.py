"""A mark inside a list that shows no `...` holds on to nothing."""

STONES = [
    1,  # nova
    3,
]  # replaces nova

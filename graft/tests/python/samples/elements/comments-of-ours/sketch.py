"""Comments of the sketch among elements are not woven."""

STONES = [
    ...,
    # For wheat.
    'rough',  # and rye
]

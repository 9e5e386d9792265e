"""An element on a line of its own may be held on to."""

STONES = [
    ...,
    'coarse',  # nova
    'rough',
    ...,
]

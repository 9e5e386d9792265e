"""Elements of Nova's between two signs go only by a mark each."""

STONES = [
    ...,
    'coarse',  # nova
    'rough',
]

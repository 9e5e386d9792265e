"""Each element that takes the place of one of Nova's says that it drops it."""

STONES = [
    ...,
    'coarse',  # nova
    'rough',  # drops nova
    'sharp',  # drops nova
]

STONES = [
    'fine',
    'coarse',
    'rough',
    'sharp',
]

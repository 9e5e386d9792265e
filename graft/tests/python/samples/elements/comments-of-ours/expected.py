STONES = [
    'fine',
    'coarse',
    'rough',
]

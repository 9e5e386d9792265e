STONES = [
    'rough',
    'round',
    'fine',
    'coarse',
]

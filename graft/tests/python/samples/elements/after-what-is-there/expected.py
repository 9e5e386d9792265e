STONES = [
    'fine',
    'coarse',
    'rough',
    'round',
]

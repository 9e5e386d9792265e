STONES = [
    'fine',
    'rough',
    'coarse',
    'round',
]

STONES = [
    'fine',
    'coarse',
    'rough',
    'round',
    'flat',
]

STONES = [
    'fine',
    'coarse',
    'round',
]

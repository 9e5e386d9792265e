STONES = [
    'fine',
    'coarse',
]

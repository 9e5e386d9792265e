STONES = [
    'fine',
    'coarse',
    'round',
    'flat',
]

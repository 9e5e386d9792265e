STONES = [
    'fine',  # one
    'coarse',  # two
    'rough'
]
SIEVES = [
    'fine',  # one
    'coarse',  # two
    'rough',
    # That is all.
]

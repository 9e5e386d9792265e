STONES = [
    'fine',  # one
    'coarse'  # two
]
SIEVES = [
    'fine',  # one
    'coarse',  # two
    # That is all.
]

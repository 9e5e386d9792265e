STONES = [
    'rough',
    "fine", 'coarse']
SPEEDS = {'fine': 1, 'rough': 3}

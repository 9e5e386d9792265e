STONES = [
    'fine',
    'coarse',
    'rough'
]
SIEVES = ['fine',
          'coarse',
          'rough']

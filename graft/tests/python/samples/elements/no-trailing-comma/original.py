STONES = [
    'fine',
    'coarse'
]
SIEVES = ['fine',
          'coarse']

STONES = (
    'fine',
    'rough',
)
SIEVES = ('fine', 'rough',)

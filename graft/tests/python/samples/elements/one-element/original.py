STONES = (
    'fine',
)
SIEVES = ('fine',)

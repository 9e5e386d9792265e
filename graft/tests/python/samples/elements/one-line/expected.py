STONES = ('fine', 'coarse', 'rough')

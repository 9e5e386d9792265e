STONES = ('fine', 'coarse')

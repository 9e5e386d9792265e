STONES = {'fine', 'coarse', 'rough'}

STONES = {'fine', 'coarse'}

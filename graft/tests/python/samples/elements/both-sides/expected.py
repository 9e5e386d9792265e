STONES = ['first', 'fine', 'coarse', 'last']

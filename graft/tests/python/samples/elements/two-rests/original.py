STONES = ['fine', 'coarse']

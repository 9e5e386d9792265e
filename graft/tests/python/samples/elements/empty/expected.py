STONES = ['rough']
SIEVES = ('rough',)
SPEEDS = {'rough': 3}

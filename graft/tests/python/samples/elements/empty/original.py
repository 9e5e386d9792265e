STONES = []
SIEVES = ()
SPEEDS = {}

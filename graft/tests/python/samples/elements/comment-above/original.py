X = 1

# One of them.
STONES = ['fine']

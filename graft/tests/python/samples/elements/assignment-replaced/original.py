# How many.
STONES = [1,
          2]  # two
SPEED: int = 3

# How many.
STONES = [1,
          2]  # for now
SPEED: int = 3

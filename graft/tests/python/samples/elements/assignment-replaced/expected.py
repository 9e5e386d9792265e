# How many.
STONES = [9]  # two
SPEED: float = 3.5

# How many.
STONES = [9]  # for now
SPEED: float = 3.5

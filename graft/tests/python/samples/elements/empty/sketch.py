"""An empty list gains its first element."""

STONES = [..., 'rough']
SIEVES = (..., 'rough')
SPEEDS = {...: ..., 'rough': 3}

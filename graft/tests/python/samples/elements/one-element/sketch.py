"""A list of one element on a line of its own gains another line."""

STONES = (..., 'rough')
SIEVES = (..., 'rough')

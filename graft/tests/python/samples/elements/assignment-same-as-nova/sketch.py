"""An assignment that reads as Nova's does needs no mark."""

STONES = [1, 2]

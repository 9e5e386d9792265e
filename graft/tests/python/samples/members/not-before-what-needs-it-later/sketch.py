"""What only a function's body uses does not need to stand before it."""

COARSE = 2

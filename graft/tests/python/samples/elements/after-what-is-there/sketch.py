"""An element of ours shown after one that Nova has stands after that."""

STONES = [..., 'coarse', 'rough']

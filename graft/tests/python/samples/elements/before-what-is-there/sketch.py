"""An element of ours shown before one that Nova has stands before that."""

STONES = [..., 'rough', 'coarse']

"""Elements of ours may stand on both sides of Nova's."""

STONES = ['first', ..., 'last']

"""A comment on the last line of Nova's stays there."""

STONES = [..., 'rough']
SIEVES = [..., 'rough']

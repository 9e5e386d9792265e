"""A comment above a statement does not count for its layout."""

STONES = [..., 'rough']

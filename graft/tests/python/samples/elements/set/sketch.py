"""A set gains elements."""

STONES = {..., 'rough'}

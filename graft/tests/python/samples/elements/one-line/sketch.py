"""A list that Nova has on one line stays on it."""

STONES = (
    ...,
    'rough',
)

"""A list that Nova has not stops the weave."""

STONES = [..., 3]

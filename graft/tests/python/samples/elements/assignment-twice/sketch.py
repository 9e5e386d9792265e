"""An assignment that Nova makes twice stops the weave."""

STONES = [..., 3]

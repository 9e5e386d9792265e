"""Two `...` among elements with nothing held between them stop the weave."""

STONES = [..., 'rough', ...]

"""The value of a key of Nova's goes only by a mark."""

SPEEDS = {
    ...: ...,
    'fine': 7,
    'rough': 3,
}

"""A key that Nova has takes our value where it stands."""

SPEEDS = {
    ...: ...,
    'fine': 7,
    'rough': 3,
}

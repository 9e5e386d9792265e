"""Lists inside lists are woven where they stand."""

SPEEDS = {
    ...: ...,
    'fine': [..., 3],
    'coarse': {...: ..., 'wet': [..., 5], 'damp': 6},
}

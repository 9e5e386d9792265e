"""A dict gains keys; `...: ...` stands for Nova's."""

SPEEDS = {
    ...: ...,
    'rough': 3,
}

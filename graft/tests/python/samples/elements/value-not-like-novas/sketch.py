"""A value with `...` inside that does not read like Nova's stops the weave."""

SPEEDS = {
    ...: ...,
    'fine': [..., 3],
}

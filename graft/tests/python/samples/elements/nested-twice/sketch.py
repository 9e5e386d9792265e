"""An element with `...` inside that reads like two of Nova's stops the weave."""

ROUTES = [
    ...,
    ('/stone', [..., 3]),
]

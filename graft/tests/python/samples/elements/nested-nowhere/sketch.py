"""An element with `...` inside that reads like none of Nova's stops the weave."""

ROUTES = (
    ...,
    ('/stone', {...: ..., 'POST': [stone, 'turn']}),
)

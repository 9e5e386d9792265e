"""An element with `...` inside is the one of Nova's that reads like it."""

ROUTES = (
    ...,
    ('/stone', {...: ..., 'POST': [stone, 'turn']}),
    ('/gate', {'GET': [gate, 'show']}),
)

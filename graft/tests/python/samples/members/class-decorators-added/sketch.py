"""Ours stand where the sketch shows them; ``@...`` is Nova's decorators."""


@...
@sample('error')
@register
class Gate:
    ...

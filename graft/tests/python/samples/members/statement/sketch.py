"""A statement that names nothing is new too, and stands after its sibling."""

CONF = ...
CONF.register(opts)

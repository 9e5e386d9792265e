"""A statement that the release has too is not added again."""

CONF.register(opts)
MORE = 2

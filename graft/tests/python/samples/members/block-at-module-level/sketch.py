"""A new block of statements is ours from its first line."""

CONF = ...

# Old Pythons have no tables.
if not hasattr(CONF, 'table'):
    # An empty one will do.
    CONF.table = None
else:
    CONF.table.clear()

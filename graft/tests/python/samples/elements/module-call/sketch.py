"""A call at module level gains an argument."""

register_all(..., quiet=True)

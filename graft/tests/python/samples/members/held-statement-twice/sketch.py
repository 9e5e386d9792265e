"""A statement to hold on to that stands twice stops the weave."""

register(...)  # nova

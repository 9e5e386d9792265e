"""A statement to hold on to that the release lacks stops the weave."""

register(wheel)  # nova

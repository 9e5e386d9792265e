"""A sign in an assignment that the release lacks stops the weave."""

SIEVES = [..., 2]

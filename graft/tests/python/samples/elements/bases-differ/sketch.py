"""Bases that are not the release's stop the weave."""

class Mill(Home):
    ...

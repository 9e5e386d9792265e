"""A new class attribute stands after its sibling."""

class Gate:
    width = ...
    depth: int = 5

"""A function of ours brings its own decorators, docstring, parameters and return type."""

@counted
def grind(corn, fast=False) -> list:  # replaces nova
    """Grind it, perhaps fast."""
    return blow(corn, fast)

@counted
def grind(corn, fast=False) -> list:
    """Grind it, perhaps fast."""
    return blow(corn, fast)

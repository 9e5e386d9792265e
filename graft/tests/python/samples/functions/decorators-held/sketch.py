"""A marked decorator is Nova's; where only such are shown all of Nova's stay."""

@wraps(...)  # nova
def grind(corn):
    log(corn)
    ...

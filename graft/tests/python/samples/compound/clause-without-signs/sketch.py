"""A clause of Nova's shown without a sign stops the weave."""

def grind(corn):
    if corn:  # nova
        ...
    else:
        leave()

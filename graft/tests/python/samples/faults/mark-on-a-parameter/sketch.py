"""A mark on a parameter holds on to nothing."""

def grind(
    corn,  # nova
):
    ...

"""A block of ours around `...` takes what it stands for inside."""

def grind(corn):
    ...
    check(corn)  # nova
    # Only dry corn.
    if corn.dry:
        ...
    else:
        dry(corn)

"""Several anchors are found one below the other."""

def grind(corn):
    ...
    sift(corn)  # nova
    count()
    ...
    pack(corn)  # nova
    count()
    ...

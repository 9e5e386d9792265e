"""A `with` of ours may hold anchors, and `...` on both sides."""

def grind(corn):
    ...
    with lock(corn):
        turn(...)  # nova
        sift(...)  # nova
    ...

"""What takes the place of a statement may stand in a block of ours around what stays."""

def grind(corn):
    check(corn)  # nova
    try:
        # As fast as the stones bear.
        speed = stones.most  # the most  # drops nova
        turn(...)  # nova
    finally:
        sweep()
    return ...  # nova

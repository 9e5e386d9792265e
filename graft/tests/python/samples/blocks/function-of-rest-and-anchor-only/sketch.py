"""Signs alone change nothing where nothing stands between them."""

def grind(*nova):
    ...
    turn(corn)  # nova

"""What Nova has above the first sign is dropped where no `...` stands."""

def grind(corn):
    turn(corn)  # nova
    ...

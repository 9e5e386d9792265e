"""What Nova has below the last sign is dropped where no `...` stands."""

def grind(corn):
    ...
    turn(corn)  # nova
    return None

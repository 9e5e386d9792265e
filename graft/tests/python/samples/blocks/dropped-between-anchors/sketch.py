"""What Nova has between two signs is dropped where no `...` stands."""

def grind(corn):
    ...
    check(corn)  # nova
    wet(corn)
    turn(corn)  # nova
    ...

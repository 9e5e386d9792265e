"""What takes the place of a statement between two signs says that it drops it."""

def grind(corn):
    ...
    check(corn)  # nova
    wet(corn)  # drops nova
    turn(corn)  # nova
    ...

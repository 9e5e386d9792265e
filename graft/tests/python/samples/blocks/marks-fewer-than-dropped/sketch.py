"""As many statements go as marks say, in every release."""

def grind(corn):
    ...
    check(corn)  # nova
    blow(corn)  # drops nova
    return ...  # nova

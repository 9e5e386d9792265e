"""Where `...` stands nothing is dropped, so a mark there is refused."""

def grind(corn):
    ...
    dry(corn)  # drops nova
    turn(...)  # nova
    ...

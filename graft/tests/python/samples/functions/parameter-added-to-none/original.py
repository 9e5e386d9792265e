def grind():
    return turn()

def grind(corn):

    def turn(stone):
        return stone.turn()

    return [turn(stone) for stone in corn]

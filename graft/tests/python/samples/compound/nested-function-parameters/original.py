def grind(corn):

    @logged
    def turn(stone, times=1):
        """Turn it."""
        return stone.turn(times)

    return [turn(stone) for stone in corn]

def grind(corn):

    @logged
    def turn(stone, times=1):
        """Turn it."""
        stone.turn(times)
        return stone

    return [turn(stone) for stone in corn]

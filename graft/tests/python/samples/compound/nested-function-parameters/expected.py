def grind(corn):

    @counted
    @logged
    def turn(stone, times=1, slowly=False):
        """Turn it, or not."""
        log(stone)
        return stone.turn(times)

    return [turn(stone) for stone in corn]

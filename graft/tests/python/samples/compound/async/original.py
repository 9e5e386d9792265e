async def grind(corn):
    async with lock:
        await turn(corn)
    async for stone in corn:
        await pick(stone)
    return corn

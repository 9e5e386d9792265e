async def grind(corn):
    async with lock:
        await turn(corn)
        await count(corn)
    async for stone in corn:
        log(stone)
        await pick(stone)
    return corn

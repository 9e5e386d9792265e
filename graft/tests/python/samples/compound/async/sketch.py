"""Blocks of an async function are woven as others are."""

async def grind(corn):
    async with lock:  # nova
        ...
        await count(corn)
    async for stone in ...:  # nova
        log(stone)
        ...
    ...

"""A function is async in the sketch if it is so in the release, and only then."""

async def grind(corn):
    await check(corn)
    ...

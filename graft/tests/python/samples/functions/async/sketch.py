"""An async function is edited, added and replaced as others are."""

class Mill:

    async def grind(self, corn):
        await check(corn)
        ...

    async def sift(self, corn):
        await pick(corn)

    async def rest(self):  # replaces nova
        await sleep()

class Mill:

    async def grind(self, corn):
        await check(corn)
        await turn(corn)

    async def sift(self, corn):
        await pick(corn)

    async def rest(self):
        await sleep()

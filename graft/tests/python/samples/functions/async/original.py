class Mill:

    async def grind(self, corn):
        await turn(corn)

    async def rest(self):
        await stop()

class Mill:

    @version('1.0', '1.9')
    @expected(404)
    def show(self, corn):
        return old(corn)

    @version('2.0')
    @expected(404)
    def show(self, corn):
        return new(corn)

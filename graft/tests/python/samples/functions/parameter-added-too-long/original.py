class Mill:

    def grind_corn_of_many_kinds(self, corn, stones=2, water=None, wind=None):
        return turn(corn)

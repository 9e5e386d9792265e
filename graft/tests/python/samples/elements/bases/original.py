class Mill(House):

    def grind(self):
        pass


class Tower(House, metaclass=Meta):
    pass

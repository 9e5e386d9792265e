class Mill(House, Lockable):

    def grind(self):
        pass


class Tower(House, Lockable, metaclass=Meta):
    pass

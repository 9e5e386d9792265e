class Mill(House,
           Wheeled,
           Lockable):
    pass

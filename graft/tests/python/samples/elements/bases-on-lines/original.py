class Mill(House,
           Wheeled):
    pass

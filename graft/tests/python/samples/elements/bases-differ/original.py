class Mill(House):
    pass

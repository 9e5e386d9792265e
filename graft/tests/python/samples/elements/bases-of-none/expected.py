class Mill(Lockable):
    pass

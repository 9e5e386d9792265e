class Mill:
    pass

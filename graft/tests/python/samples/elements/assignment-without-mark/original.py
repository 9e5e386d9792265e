class Mill:
    stones = 2

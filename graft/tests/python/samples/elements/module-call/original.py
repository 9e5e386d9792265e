register(wheel)
register_all(stones, 'all')

register(wheel)
register_all(stones, 'all', quiet=True)

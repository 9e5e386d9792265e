register(gates)
register(wheels)
register(stones)

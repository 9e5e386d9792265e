register(gates)
register(wheels)
register(sieves)
register(stones)

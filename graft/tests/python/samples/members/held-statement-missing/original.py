register(gates)
register(wheels)

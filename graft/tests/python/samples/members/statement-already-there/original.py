CONF = make()
CONF.register(opts)
REST = 1

CONF = make()
CONF.register(opts)
MORE = 2
REST = 1

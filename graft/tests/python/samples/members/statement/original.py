CONF = make()
REST = 1

class Gate(object):
    pass

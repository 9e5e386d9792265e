CONF = make()


def run():
    return CONF

X = 1


def walk():
    return X


def run():
    return X

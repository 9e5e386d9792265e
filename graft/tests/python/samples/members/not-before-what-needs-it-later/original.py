def grind():
    return COARSE


def sift():
    return (lambda: COARSE)

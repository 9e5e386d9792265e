def grind(corn):
    if dry:
        if corn:
            turn(corn)
        return corn
    else:
        wet(corn)


def sift(corn):
    return corn

class Jam(Exception):
    pass

    code = 409

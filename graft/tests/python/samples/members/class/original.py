class Gate:
    pass


class Wheel:
    pass

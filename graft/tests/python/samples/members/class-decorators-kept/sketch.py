"""A class without decorators in the sketch keeps Nova's."""


class Gate:
    height = 2

"""A class that the release writes on one line gets a body of lines."""

class Jam(Exception):

    code = 409

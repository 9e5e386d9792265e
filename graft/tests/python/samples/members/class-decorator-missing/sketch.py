"""A decorator of a class can be held on to as well."""


@sample('start')  # nova
class Gate:
    height = 2

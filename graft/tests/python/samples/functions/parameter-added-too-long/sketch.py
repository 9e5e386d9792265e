"""A line that the added parameter makes too long is broken where Nova breaks it."""

class Mill:

    def grind_corn_of_many_kinds(*nova, fast=False):
        ...

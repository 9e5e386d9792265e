"""A parameter after `*nova` comes last among Nova's."""

class Mill:

    def grind(*nova, fast=False, slow: bool = True):
        ...

"""A parameter that Nova has with another default stops the weave."""

def grind(*nova, fast=True):
    ...

"""A parameter that Nova has too is not added again."""

def grind(*nova, fast=False):
    ...

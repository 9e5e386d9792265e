"""A parameter after `*nova` is the first where Nova has none."""

def grind(*nova, fast=False):
    ...

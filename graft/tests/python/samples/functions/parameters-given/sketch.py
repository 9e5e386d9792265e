"""Parameters without `*nova` are the sketch's."""

def grind(corn, stones=3, *, fast=False):
    ...

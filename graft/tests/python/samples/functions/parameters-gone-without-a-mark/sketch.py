"""Parameters of Nova's go only by a mark."""

def grind(corn, stones=3, *, fast=False):
    ...

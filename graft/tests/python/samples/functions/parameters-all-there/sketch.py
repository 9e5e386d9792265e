"""Parameters that only add to Nova's need no mark."""

def grind(corn, stones=2, times=1, *, fast=False, lock=None):
    ...

"""Where Nova has keyword-only parameters or `*` ours is one of them."""

def grind(*nova, fast):
    ...


def sift(*nova, fast=False):
    ...


def pack(*nova, fast=False):
    ...

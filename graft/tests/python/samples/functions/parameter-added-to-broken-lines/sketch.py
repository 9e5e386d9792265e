"""Parameters that Nova breaks over lines keep their breaks."""

def grind(*nova, fast=False):
    ...


def sift(*nova, fast=False):
    ...


def pack(*nova, fast=False):
    ...

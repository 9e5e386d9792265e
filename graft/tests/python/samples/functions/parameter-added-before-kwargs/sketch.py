"""A parameter after `*nova` stands before `**` of Nova's."""

def grind(*nova, fast=False):
    ...


def sift(*nova, fast=False):
    ...


def pack(*nova, fast=False):
    ...

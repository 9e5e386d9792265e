"""Grind."""


def open_gate():
    return 1


def half_open_gate():
    """Open the gate, but not all of it."""
    return 0.5


def close_gate():
    return 0

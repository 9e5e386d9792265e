"""What a weave did to one named piece of a file."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Touch:
    """``how`` is ``new`` (a file), ``member``, ``edited`` or ``replaced``; the counts are lines."""

    name: str
    how: str
    added: int = 0
    dropped: int = 0

"""What a weave did to a file: the pieces it touched, and the lines of Nova's that it dropped."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Touch:
    """``how`` is ``new`` (a file), ``member``, ``edited`` or ``replaced``; the counts are lines."""

    name: str
    how: str
    added: int = 0
    dropped: int = 0


@dataclass(frozen=True)
class Drop:
    """Lines ``first`` to ``last`` of Nova's file, and the line of the sketch that says so."""

    first: int
    last: int
    mark: int

"""The line that a guest prints on its console, again and again: ``init`` writes it."""

from __future__ import annotations

import re
from typing import NamedTuple

_PATTERN = re.compile(r'guest: cpus=(\d+) memory_kb=(\d+) seconds=(\d+)')

#: The guest's kernel keeps some of its memory for itself, in MiB.
_KERNEL = 80


class Line(NamedTuple):
    """What a guest sees of itself, and for how many seconds it has been up."""

    cpus: int
    memory_kb: int
    seconds: int

    @property
    def memory_mb(self) -> int:
        return self.memory_kb >> 10


def parse(text: str) -> list[Line]:
    """Return the guest's lines in what its console shows; half a line is none."""
    return [Line(*map(int, fields)) for fields in _PATTERN.findall(text)]


def fits(seen_mb: int, memory_mb: int) -> bool:
    """Return whether a guest that sees so much memory can be one that has been given it all."""
    return 0 <= memory_mb - seen_mb <= _KERNEL

"""Sizes, and how long a guest may take to get to one."""

from __future__ import annotations

from typing import NamedTuple

#: Emulated, and beside other work, a guest may take this long to boot.
BOOT = 90

#: MiB that a guest holds, to see whether it keeps them.
HELD_MB = 48


class Size(NamedTuple):
    """What a server has, or is accounted for."""

    vcpus: int
    memory_mb: int

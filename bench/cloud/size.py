"""The size of a server or host."""

from __future__ import annotations

from typing import NamedTuple


class Size(NamedTuple):
    """A number of vCPUs, and memory in MiB."""

    vcpus: int
    memory_mb: int

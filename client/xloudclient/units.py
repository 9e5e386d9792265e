"""Amounts of memory and durations, as people write them."""

from __future__ import annotations

import re

_MIB = {'': 1, 'M': 1, 'G': 1024}
_SECONDS = {'': 1, 'S': 1, 'M': 60, 'H': 3600, 'D': 86400}


def memory_mb(text: str) -> int:
    """Parse an amount of memory in MiB, or with a unit, as in 512M and 2G."""
    match = re.fullmatch(r'(0*[1-9][0-9]*)([MG]?)', text, re.IGNORECASE)
    if not match:
        raise ValueError(
            f"'{text}' is not an amount of memory: use MiB, or a unit as in 512M or 2G"
        )
    return int(match[1]) * _MIB[match[2].upper()]


def seconds(text: str) -> int:
    """Parse a time in seconds, or with a unit, as in 90s, 30m, 2h and 7d."""
    match = re.fullmatch(r'(0*[1-9][0-9]*)([SMHD]?)', text, re.IGNORECASE)
    if not match:
        raise ValueError(f"'{text}' is not a duration: use seconds, or a unit as in 30m, 2h or 7d")
    return int(match[1]) * _SECONDS[match[2].upper()]

"""Between which values a server can be adjusted now."""

from __future__ import annotations

import dataclasses

from xloudclient import ServerSize

#: The largest step of the slider for memory, in MiB.
_LARGEST_STEP_MB = 64


@dataclasses.dataclass(frozen=True)
class Limits:
    """The limits of one resource of a server."""

    current: int
    #: The bounds of its flavor.
    minimum: int
    maximum: int
    #: What it can have at once: not below what its guest needs, and not above what its host has.
    lowest: int
    highest: int
    #: The step of a slider, which reaches both bounds.
    step: int = 1

    @property
    def adjustable(self) -> bool:
        """Whether there is anything to choose."""
        return self.minimum < self.maximum


def of_vcpus(size: ServerSize) -> Limits:
    """Return the limits of the vCPUs of a server."""
    return Limits(
        current=size.current_vcpus,
        minimum=size.min_vcpus,
        maximum=size.max_vcpus,
        lowest=size.min_vcpus,
        highest=_highest(size.current_vcpus, size.room_vcpus, size.max_vcpus, 1),
    )


def of_memory(size: ServerSize) -> Limits:
    """Return the limits of the memory of a server, in MiB."""
    step = _LARGEST_STEP_MB
    while size.min_memory_mb % step or size.max_memory_mb % step:
        step //= 2
    # Up to the next step: the floor itself is rarely one.
    lowest = max(size.min_memory_mb, -(-(size.floor_memory_mb or 0) // step) * step)
    return Limits(
        current=size.current_memory_mb,
        minimum=size.min_memory_mb,
        maximum=size.max_memory_mb,
        lowest=min(lowest, size.max_memory_mb),
        highest=_highest(size.current_memory_mb, size.room_memory_mb, size.max_memory_mb, step),
        step=step,
    )


def _highest(current: int, room: int | None, maximum: int, step: int) -> int:
    """Return how far a server can grow in place; as far as its flavor if that is not known."""
    if room is None:
        return maximum
    return min(maximum, max(current, (current + room) // step * step))

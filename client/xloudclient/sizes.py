"""What servers have and can have, and flavors allow."""

from __future__ import annotations

import dataclasses
from typing import Any

#: How far Nova lets memory be from a bound of the flavor, and takes it for the bound.
_TOLERANCE_MB = 8


@dataclasses.dataclass(frozen=True)
class Adjust:
    """How the last change of a server's size went."""

    #: ``running``, ``succeeded`` or ``failed``.
    state: str
    #: When it began or, once it is over, ended.
    since: str
    #: Why it failed.
    reason: str | None
    #: What is asked for, while it runs.
    vcpus: int | None
    memory_mb: int | None


@dataclasses.dataclass(frozen=True)
class ServerSize:
    """What a server has, is counted for and can have; memory is in MiB.

    `Show Server Size` in Nova's API reference tells more of each.
    """

    #: Whether any of it can change while the server runs.
    elastic: bool
    #: Who says what it has: the ``hypervisor``, or the ``database`` for want of it.
    source: str
    current_vcpus: int
    current_memory_mb: int
    min_vcpus: int
    min_memory_mb: int
    max_vcpus: int
    max_memory_mb: int
    #: What quota, usage and placement count.
    accounted_vcpus: int
    accounted_memory_mb: int
    #: What the server comes back with at its next start.
    start_vcpus: int
    start_memory_mb: int
    #: How many vCPUs the guest uses, if its agent answers.
    guest_vcpus: int | None
    #: Whether the guest can give memory back, if that is known.
    balloon_driver_active: bool | None
    attached_dimms_mb: int
    has_virtiomem: bool
    adjust: Adjust | None

    @classmethod
    def from_api(cls, status: dict[str, Any]) -> ServerSize:
        """Read what the API says; what a later version says besides is left out."""
        known = {field.name: status[field.name] for field in dataclasses.fields(cls)}
        told = known['adjust']
        if told is not None:
            asked = told['requested'] or {}
            known['adjust'] = Adjust(
                state=told['state'],
                since=told['since'],
                reason=told['reason'],
                vcpus=asked.get('current_vcpus'),
                memory_mb=asked.get('current_memory_mb'),
            )
        return cls(**known)

    def lack(self, vcpus: int | None = None, memory_mb: int | None = None) -> str | None:
        """Say in a sentence how this differs from what was asked for; None if it does not."""
        if vcpus not in (None, self.current_vcpus):
            return f'The server has {self.current_vcpus} vCPUs, and not the {vcpus} asked for.'
        if vcpus is not None and self.guest_vcpus not in (None, vcpus):
            return f'The guest uses {self.guest_vcpus} of its {vcpus} vCPUs.'
        if memory_mb is not None and abs(self.current_memory_mb - memory_mb) > _TOLERANCE_MB:
            return (
                f'The server has {self.current_memory_mb} MiB of memory, '
                f'and not the {memory_mb} asked for.'
            )
        return None


@dataclasses.dataclass(frozen=True)
class FlavorSize:
    """What servers of a flavor boot with, and can have; memory is in MiB."""

    id: str
    name: str
    elastic: bool
    min_vcpus: int
    min_memory_mb: int
    max_vcpus: int
    max_memory_mb: int

"""The sizes of servers and the bounds of flavors."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

#: Nova takes memory that is at most so far from a bound of the flavor for the bound.
TOLERANCE_MB = 8

#: The states of an adjustment that has not ended.
UNFINISHED = ('running', 'waiting', 'moving')


@dataclasses.dataclass(frozen=True)
class Adjust:
    """The last adjustment of a server."""

    #: ``running``, ``waiting``, ``moving``, ``succeeded`` or ``failed``.
    state: str
    #: When it started or, once it is over, ended.
    since: str
    #: Why it failed, and the stable code of that, such as ``xloud.no_balloon_driver``.
    reason: str | None
    code: str | None
    #: The requested size, while it runs or waits.
    vcpus: int | None
    memory_mb: int | None
    #: When it fails unless its host has had the capacity, while it waits.
    expires_at: str | None = None


@dataclasses.dataclass(frozen=True)
class ServerSize:
    """The size of a server and its bounds; memory is in MiB.

    `Show Server Size` in Nova's API reference describes each field.
    """

    #: Whether its vCPUs or its memory can be adjusted while it runs.
    elastic: bool
    #: Where the current size is from: the ``hypervisor``, or the ``database`` if that is not known.
    source: str
    current_vcpus: int
    current_memory_mb: int
    min_vcpus: int
    min_memory_mb: int
    max_vcpus: int
    max_memory_mb: int
    #: What quota, usage and placement account for.
    accounted_vcpus: int
    accounted_memory_mb: int
    #: The size at its next start.
    start_vcpus: int
    start_memory_mb: int
    #: How many vCPUs the guest has online, if its agent responds.
    guest_vcpus: int | None
    #: Whether the guest can give back memory, if that is known.
    balloon_driver_active: bool | None
    attached_dimms_mb: int
    has_virtiomem: bool
    adjust: Adjust | None
    #: The memory below which the guest would be killed, if that is known.
    floor_memory_mb: int | None = None
    #: How much more it could get on its host, if that is known.
    room_vcpus: int | None = None
    room_memory_mb: int | None = None
    #: When it goes back by itself, and to which size, if it was adjusted for a limited time.
    returns_at: str | None = None
    return_vcpus: int | None = None
    return_memory_mb: int | None = None

    @classmethod
    def from_api(cls, status: dict[str, Any]) -> ServerSize:
        """Read an answer of the API. Fields that a later version adds are ignored."""
        fields = {field.name for field in dataclasses.fields(cls)}
        values = {name: value for name, value in status.items() if name in fields}
        last = values['adjust']
        if last is not None:
            requested = last['requested'] or {}
            values['adjust'] = Adjust(
                state=last['state'],
                since=last['since'],
                reason=last['reason'],
                code=last.get('code'),
                vcpus=requested.get('current_vcpus'),
                memory_mb=requested.get('current_memory_mb'),
                expires_at=last.get('expires_at'),
            )
        return cls(**values)

    def difference(self, vcpus: int | None = None, memory_mb: int | None = None) -> str | None:
        """Return a sentence on how this differs from a requested size, or None if it does not."""
        if vcpus not in (None, self.current_vcpus):
            return f'The server has {_vcpus(self.current_vcpus)}, not the requested {vcpus}.'
        if vcpus is not None and self.guest_vcpus not in (None, vcpus):
            return f'The guest has {self.guest_vcpus} of {_vcpus(vcpus)} online.'
        if memory_mb is not None and abs(self.current_memory_mb - memory_mb) > TOLERANCE_MB:
            return (
                f'The server has {self.current_memory_mb} MiB of memory, '
                f'not the requested {memory_mb} MiB.'
            )
        return None


def _vcpus(count: int) -> str:
    return f'{count} vCPU{"" if count == 1 else "s"}'


@dataclasses.dataclass(frozen=True)
class Forecast:
    """What would become of an adjustment."""

    #: ``in_place``, ``wait``, ``move`` or ``refused``.
    outcome: str
    #: Why it would not be done in place, and the stable code of that.
    code: str | None
    reason: str | None


@dataclasses.dataclass(frozen=True)
class Period:
    """A time in which a server was accounted for one size; memory is in MiB."""

    start: datetime.datetime
    end: datetime.datetime
    vcpus: int
    memory_mb: int
    #: What caused the change to it, such as ``adjustment`` or ``drift``, if that is recorded.
    cause: str | None
    request_id: str | None
    #: Who requested it, if anybody did.
    user_id: str | None

    @classmethod
    def from_api(cls, period: dict[str, Any]) -> Period:
        """Read a period of the API. Fields that a later version adds are ignored."""
        values = {field.name: period[field.name] for field in dataclasses.fields(cls)}
        for name in ('start', 'end'):
            # Python 3.9 does not know Z.
            values[name] = datetime.datetime.fromisoformat(values[name].replace('Z', '+00:00'))
        return cls(**values)


@dataclasses.dataclass(frozen=True)
class FlavorSize:
    """The minimum and the maximum of a flavor; memory is in MiB."""

    id: str
    name: str
    elastic: bool
    min_vcpus: int
    min_memory_mb: int
    max_vcpus: int
    max_memory_mb: int

"""What has to change, without a cloud."""

from __future__ import annotations

from typing import Any, NamedTuple

try:
    from xloudclient.sizes import TOLERANCE_MB, UNFINISHED
except ImportError:
    # `connected` ends the module with what is missing.
    TOLERANCE_MB, UNFINISHED = 0, ()


class Request(NamedTuple):
    """A size, and how long a server has it; None leaves a value as it is."""

    vcpus: int | None = None
    memory_mb: int | None = None
    persist: bool = True
    for_seconds: int | None = None


def request(size: dict[str, Any], options: dict[str, Any]) -> Request:
    """Return what the options of a module request of a server with this size."""
    bound = options['bound']
    vcpus, memory_mb = options['vcpus'], options['memory_mb']
    if bound:
        prefix = {'minimum': 'min', 'maximum': 'max'}[bound]
        vcpus = size[f'{prefix}_vcpus'] if vcpus is None else vcpus
        memory_mb = size[f'{prefix}_memory_mb'] if memory_mb is None else memory_mb
    return Request(vcpus, memory_mb, options['persist'], options['for_seconds'])


def in_progress(size: dict[str, Any], requested: Request) -> bool:
    """Return whether an adjustment to the same size runs or waits.

    Whether that is permanent, or for a limited time, is known only once it has ended.
    """
    if not _is_adjusted(size, requested):
        return False
    vcpus, memory_mb = (
        size[f'current_{name}'] if size['adjust'][name] is None else size['adjust'][name]
        for name in ('vcpus', 'memory_mb')
    )
    return requested.vcpus in (None, vcpus) and _same_memory(requested.memory_mb, memory_mb)


def changes(size: dict[str, Any], requested: Request) -> bool:
    """Return whether the server differs from what is requested of it, or is going to."""
    if _is_adjusted(size, requested):
        return not in_progress(size, requested)
    for kind in ('current', 'start') if requested.persist else ('current',):
        if requested.vcpus not in (None, size[f'{kind}_vcpus']):
            return True
        if not _same_memory(requested.memory_mb, size[f'{kind}_memory_mb']):
            return True
    # It has the size, but only for a time.
    return requested.for_seconds is None and size['returns_at'] is not None


def shown(size: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a size that an adjustment changes, for a diff."""
    names = ('current_vcpus', 'current_memory_mb', 'start_vcpus', 'start_memory_mb', 'returns_at')
    return {name: size[name] for name in names}


def predicted(size: dict[str, Any], requested: Request) -> dict[str, Any]:
    """Return what `shown` is going to be."""
    after = shown(size)
    for kind in ('current', 'start') if requested.persist else ('current',):
        if requested.vcpus is not None:
            after[f'{kind}_vcpus'] = requested.vcpus
        if requested.memory_mb is not None:
            after[f'{kind}_memory_mb'] = requested.memory_mb
    seconds = requested.for_seconds
    after['returns_at'] = None if seconds is None else f'in {seconds} seconds'
    return after


def _is_adjusted(size: dict[str, Any], requested: Request) -> bool:
    """Return whether an adjustment of what is requested has not ended."""
    last = size['adjust']
    if not last or last['state'] not in UNFINISHED:
        return False
    names = [name for name in ('vcpus', 'memory_mb') if last[name] is not None]
    # While one begins, Nova does not say of what it is.
    return not names or any(getattr(requested, name) is not None for name in names)


def _same_memory(requested: int | None, memory_mb: int | None) -> bool:
    if requested is None:
        return True
    return memory_mb is not None and abs(requested - memory_mb) <= TOLERANCE_MB

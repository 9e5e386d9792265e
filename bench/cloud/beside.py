"""A second cloud beside the first, for comparisons side by side."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from bench.cloud import tuning
from bench.cloud.world import World, bring_up
from cloud import lifecycle, progress, settings, venv

_STATE = settings.State(settings.REPOSITORY / '.cloud-beside')
#: How far its ports are from those of the first.
_PORTS = 1000


@contextlib.contextmanager
def second(world: World, **changes: Any) -> Iterator[World]:
    """Bring up another cloud of the same release, with services of its own."""
    first = world.context.settings
    same = {'release': first.release, 'port_offset': first.port_offset + _PORTS}
    packages = venv.Venv(_STATE, first.release)
    try:
        _STATE.prepare()
        packages.copy(world.context.venv)
        other = bring_up(world.progress, _STATE, **same, **changes)
        with tuning.wide_quota(other):
            yield other
    finally:
        remove(world.progress)


def remove(report: progress.Progress) -> None:
    """Remove the second cloud, also if an earlier run was interrupted."""
    if (_STATE / 'cloud.json').exists():
        lifecycle.Cloud(_STATE, report).wipe(packages=False)

"""A second cloud beside the one that is measured, for what is compared side by side."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from bench.cloud.world import World, bring_up
from cloud import lifecycle, progress, settings, venv

_STATE = settings.State(settings.REPOSITORY / '.cloud-beside')
_PORTS = 1000


@contextlib.contextmanager
def second(world: World, **changes: Any) -> Iterator[World]:
    """Have another cloud of the same release, with services of its own."""
    first = world.context.settings
    same = {'release': first.release, 'port_offset': first.port_offset + _PORTS}
    packages = venv.Venv(_STATE, first.release)
    try:
        _STATE.prepare()
        packages.copy(world.context.venv)
        there = bring_up(world.shown, _STATE, **same, **changes)
        with there.wide_quota():
            yield there
    finally:
        remove(world.shown)


def remove(shown: progress.Progress) -> None:
    """Remove the second cloud, also one of an earlier call that was cut off."""
    if (_STATE / 'cloud.json').exists():
        lifecycle.Cloud(_STATE, shown).wipe(packages=False)

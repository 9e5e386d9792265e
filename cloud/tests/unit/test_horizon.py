"""The dashboard: where it is possible, and what is said of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cloud import errors, service, services, settings
from cloud.services import horizon


def context(folder: Path, **chosen: Any) -> service.Context:
    state = settings.State(folder / 'cloud')
    state.prepare()
    return service.Context(state, settings.Settings(**chosen))


@pytest.mark.parametrize('dashboard', [False, True])
def test_only_where_it_was_chosen(tmp_path: Path, dashboard: bool) -> None:
    """A cloud has a dashboard if it was made with one."""
    waves = services.waves(context(tmp_path, release='2024.1', dashboard=dashboard))
    assert ('dashboard' in {part.label for part in services.every(waves)}) == dashboard


def test_a_release_without_a_lock(tmp_path: Path) -> None:
    """It is refused before anything is installed, with the releases that have one."""
    part = horizon.Horizon(context(tmp_path, release='2025.1', dashboard=True))
    with pytest.raises(errors.CheckError) as raised:
        part.check()
    assert str(raised.value) == (
        f'there is no lock of the dashboard of release 2025.1: {part.lock}\n'
        'releases that have one: 2024.1, 2026.1'
    )


def test_where_to_click(tmp_path: Path) -> None:
    """It names the address and the file of the password, and no password."""
    made = context(tmp_path, release='2024.1', dashboard=True, port_offset=100)
    said = horizon.door(made)
    assert said['url'] == 'http://127.0.0.1:18180/'
    assert made.passwords[said['user']] not in str(said)

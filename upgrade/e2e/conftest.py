"""What is checked after each test is what the cloud's own end-to-end tests check."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.tests.e2e.conftest import (  # noqa: F401  (fixtures and hooks, found by name)
    create,
    enough_hosts,
    flavor,
    logs,
    pytest_configure,
    pytest_runtest_makereport,
    world,
)
from cloud.tests.e2e.world import World
from upgrade.e2e.fleet import Fleet
from upgrade.tests.world import Sshd


@pytest.fixture
def fleet(world: World, tmp_path: Path) -> Iterator[Fleet]:  # noqa: F811  (the fixture above)
    """The hosts of the cloud, each with stock Nova of its own."""
    settings = world.context.settings
    if not (settings.separate and settings.pristine):
        pytest.skip('needs `xcloud up --pristine --separate --computes 3`')
    (tmp_path / 'sshd').mkdir()
    sshd = Sshd(tmp_path / 'sshd')
    try:
        yield Fleet(world, tmp_path, sshd)
    finally:
        sshd.stop()

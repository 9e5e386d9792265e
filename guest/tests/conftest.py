"""What the tests of the package share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from graft.workshop import machine
from guest.tests import system


@pytest.fixture(scope='session')
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built packages."""
    lack = machine.lacking({'dpkg-deb': 'dpkg', 'rpmbuild': 'rpm'})
    if lack:
        pytest.skip(f'needs what builds packages: {lack}')
    folder = tmp_path_factory.mktemp('packages')
    system.build(folder)
    return folder


@pytest.fixture(scope='session', params=system.SUITES)
def debian(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, packages: Path
) -> Iterator[system.System]:
    """A Debian with GRUB, systemd and the guest agent, in a folder."""
    lack = system.lacking(request.param)
    if lack:
        pytest.skip(f'needs a Debian in a folder: {lack}')
    yield system.System(tmp_path_factory.mktemp(request.param), request.param, packages)

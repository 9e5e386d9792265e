"""What the tests of the upgrade share."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from graft.workshop import machine
from upgrade.tests import containers, made_up, world
from upgrade.tests.released import Released


@pytest.fixture(scope='session')
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[world.Sshd]:
    """A real ssh daemon on a loopback port."""
    lack = machine.lacking(world.PACKAGES)
    if lack:
        pytest.skip(f'needs a real sshd and rsync: {lack}')
    daemon = world.Sshd(tmp_path_factory.mktemp('sshd'))
    yield daemon
    daemon.stop()


@pytest.fixture(scope='session')
def released() -> Released:
    """Nova as released, and the fork of it."""
    return Released()


@pytest.fixture(scope='session')
def image(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[str]:
    """An image of Debian packages with stock Nova."""
    lack = '' if os.geteuid() == 0 else 'root is needed to run them'
    if not lack and sys.version_info[:2] != (3, 11):
        lack = f'they have Python 3.11, and this is {sys.version.split()[0]}'
    lack = lack or machine.lacking({**world.PACKAGES, **containers.TOOLS})
    if lack:
        pytest.skip(f'needs containers: {lack}')
    released = request.getfixturevalue('released')
    name = containers.make_image(tmp_path_factory.mktemp('image'), released)
    yield name
    containers.podman('rmi', '--force', name)


@pytest.fixture(scope='session')
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The made-up fork as a wheel, and the tarball of the release it is made of."""
    folder = tmp_path_factory.mktemp('artifacts')
    wheel = made_up.wheel(folder, '29.4.0+xloud.1', made_up.FORK, made_up.FORK_POINTS)
    return wheel, made_up.tarball(folder / 'nova-29.4.0.tar.gz')


@pytest.fixture
def operator(tmp_path: Path, sshd: world.Sshd, artifacts: tuple[Path, Path]) -> world.World:
    """An operator, and no node yet."""
    return world.World(tmp_path, sshd, *artifacts)

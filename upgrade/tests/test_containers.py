"""The fork in real containers that run Nova as released."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from upgrade.tests import containers, world
from upgrade.tests.containers import Administrator, Container
from upgrade.tests.released import Released
from upgrade.tests.world import read_until


@pytest.fixture
def container(image: str, released: Released, tmp_path: Path) -> Iterator[Container]:
    made = Container.started(
        f'xloud_upgrade_test_{os.getpid()}_nova_api', image, tmp_path / 'shared', released
    )
    yield made
    made.remove()


def test_there_and_back_in_a_container(
    sshd: world.Sshd, container: Container, released: Released, tmp_path: Path
) -> None:
    """Check, apply and verify by the familiar script; rollback brings every file back."""
    administrator = Administrator(sshd, container, released, tmp_path)
    before = container.files()
    administrator.does()
    assert container.runs == released.version
    assert f'nova {released.version}' in administrator.does('status')
    administrator.does('rollback', '--keep-sizes')
    assert container.runs == '29.4.0'
    assert container.files() == before


def test_a_container_that_does_not_run_with_the_fork_is_put_back(
    sshd: world.Sshd, container: Container, released: Released, tmp_path: Path
) -> None:
    """It stops as soon as it is started, so nothing can be done inside before it is put back."""
    administrator = Administrator(sshd, container, released, tmp_path)
    administrator.environment['SETTLE'] = '4'  # longer than the service needs to refuse
    before = container.files()
    (container.shared / 'refuse').touch()
    done = administrator.run('apply')
    assert done.returncode == 1
    assert 'was put back' in done.stderr, done.stderr
    assert container.runs == '29.4.0'
    assert container.files() == before


def test_a_dead_container_is_reported_and_put_back(
    sshd: world.Sshd, container: Container, released: Released, tmp_path: Path
) -> None:
    """The machine of its administrator died as well: status says what to do, and that helps."""
    administrator = Administrator(sshd, container, released, tmp_path)
    before = container.files()
    (container.shared / 'refuse').touch()
    run = administrator.start('apply')
    read_until(run, 'restart')
    run.kill()
    run.communicate()
    containers.podman('restart', container.name)
    done = administrator.run('status')
    assert 'an interrupted run left it with new files: run apply or rollback,' in done.stdout
    done = administrator.run('rollback', '--keep-sizes')
    assert 'the old files of the container were put back' in done.stderr
    assert 'nova 29.4.0 ' in administrator.does('status')
    assert container.runs == '29.4.0'
    assert container.files() == before

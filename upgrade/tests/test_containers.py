"""The fork in real containers that run Nova as released."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from upgrade.tests import containers, world
from upgrade.tests.containers import Container
from upgrade.tests.released import REPOSITORY, Released
from upgrade.tests.world import read_until

FRONT = REPOSITORY / 'upgrade' / 'deploy_to_containers.sh'


@pytest.fixture(scope='module')
def image(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[str]:
    lack = '' if os.geteuid() == 0 else 'root'
    if not lack and sys.version_info[:2] != (3, 11):
        lack = f'Python 3.11, as in the containers; this is {sys.version.split()[0]}'
    lack = lack or world.lacking({**world.PACKAGES, **containers.TOOLS})
    if lack:
        pytest.skip(f'needs podman, runc and Debian packages: {lack}')
    released = request.getfixturevalue('released')
    name = containers.make_image(tmp_path_factory.mktemp('image'), released)
    yield name
    containers.podman('rmi', '--force', name)


@pytest.fixture
def container(image: str, released: Released, tmp_path: Path) -> Iterator[Container]:
    made = Container.started(
        f'xloud_upgrade_test_{os.getpid()}_nova_api', image, tmp_path / 'shared', released
    )
    yield made
    made.remove()


class Administrator:
    """The administrator of one container, with the familiar script."""

    def __init__(
        self, sshd: world.Sshd, container: Container, released: Released, folder: Path
    ) -> None:
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith('OS_')},
            'TARGET_HOST': '127.0.0.1',
            'CONTAINER_NAME': container.name,
            'CONTAINER_ENGINE': shlex.join(containers.ENGINE),
            'BACKUP_DIR': str(folder / 'backups'),
            'STATE_DIR': str(folder / 'state'),
            'SETTLE': '1',
            'TIMEOUT': '60',
            'SSH_OPTIONS': shlex.join([*sshd.options, '-p', str(sshd.port)]),
        }
        self.options = ['--wheel', str(released.fork), '--tarball', str(released.tarball)]

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [FRONT, *words, *self.options],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        process = self.start(*words)
        out, err = process.communicate(timeout=900)
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def does(self, *words: str) -> str:
        done = self.run(*words)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout


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

"""An operator's image of Nova, made the way that Kolla makes its own, with the fork in it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from upgrade.tests import containers, world
from upgrade.tests.containers import Administrator, Container, podman
from upgrade.tests.released import REPOSITORY, Released

VENV = '/var/lib/kolla/venv'
SITE = f'{VENV}/lib/python3.11/site-packages'
#: Nova in an environment that comes first in the path, and a user who may not write to it.
CONTAINERFILE = f"""
FROM {{}}
COPY venv {VENV}
COPY passwd /etc/passwd
RUN ["busybox", "chmod", "1777", "/started"]
ENV PATH={VENV}/bin:/usr/bin:/bin
USER nova
CMD ["python3", "/service.py"]
"""
PASSWD = 'root:x:0:0::/root:/bin/sh\nnova:x:42436:42436::/tmp:/bin/sh\n'


@pytest.fixture(scope='module')
def base(image: str, released: Released, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp('kolla')
    site = released.environment(folder / 'venv', released.stock)
    (site / 'needs.pth').unlink()
    (folder / 'venv/pyvenv.cfg').write_text('home = /usr/bin\n')
    for python in (folder / 'venv/bin').glob('python*'):
        python.unlink()
        python.symlink_to('/usr/bin/python3.11')
    nova = {'nova', 'tests.pth', *(path.name for path in released.needs.glob('*nova-*'))}
    for path in released.needs.iterdir():
        if path.name not in nova and not (site / path.name).exists():
            copy = shutil.copytree if path.is_dir() else shutil.copy2
            copy(path, site / path.name)
    (folder / 'passwd').write_text(PASSWD)
    (folder / 'Containerfile').write_text(CONTAINERFILE.format(image))
    name = f'{image}-nova-api:2024.1'
    podman('build', '--quiet', '--network', 'none', '--tag', name, folder)
    yield name
    podman('rmi', '--force', name)


@pytest.fixture(scope='module')
def forked(base: str) -> Iterator[tuple[str, str]]:
    """The image with the fork, and what was said of it."""
    done = graft('image', base)
    assert done.returncode == 0, done.stderr
    name = f'{base}-xloud.1'
    yield name, done.stdout
    podman('rmi', '--force', name)


@pytest.fixture(scope='module', autouse=True)
def limits(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Containers get no higher limits than whoever may not raise any could give them."""
    settings = tmp_path_factory.mktemp('engine') / 'containers.conf'
    settings.write_text('[containers]\ndefault_ulimits = ["nofile=1024:4096", "nproc=1000:1000"]\n')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('CONTAINERS_CONF', str(settings))
        yield


def graft(*words: str) -> 'subprocess.CompletedProcess[str]':
    engine = ['--engine', ' '.join(containers.ENGINE)]
    return subprocess.run(
        [sys.executable, '-m', 'graft', *words, *engine],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )


def test_one_layer(base: str, forked: tuple[str, str], released: Released) -> None:
    """Its own Python gets the fork, in one layer; its user, path and command stay."""
    name, said = forked
    assert said == (f'{name}: nova {released.version} in place of 29.4.0, for {VENV}/bin/python3\n')
    before, after = (json.loads(podman('image', 'inspect', image))[0] for image in (base, name))
    assert after['RootFS']['Layers'][:-1] == before['RootFS']['Layers']
    assert after['Config']['User'] == 'nova'
    assert {**after['Config'], 'Labels': None} == {**before['Config'], 'Labels': None}
    command = ['run', '--rm', '--network', 'none', name, 'python3', f'{VENV}/bin/nova-manage']
    assert podman(*command, '--version') == released.version


def test_upgrade_leaves_it_alone(
    forked: tuple[str, str], sshd: world.Sshd, released: Released, tmp_path: Path
) -> None:
    """An upgrade to the same fork finds nothing to do, and says nothing of a lost change."""
    name = f'xloud_upgrade_test_{os.getpid()}_image'
    container = Container.started(name, forked[0], tmp_path / 'shared', released)
    try:
        administrator = Administrator(sshd, container, released, tmp_path)
        before = container.files(SITE)
        said = administrator.does('check')
        assert 'has the fork already' in said
        assert 'recreated from its image is stock Nova' not in said
        assert 'has nova 29.4.0+xloud.1 already' in administrator.run('apply').stderr
        assert container.files(SITE) == before
    finally:
        container.remove()


def test_image_of_another_release(base: str) -> None:
    """It is refused before anything is built."""
    done = graft('image', base, '--release', '2025.1')
    assert done.returncode == 1
    assert done.stderr == (
        f'graft: {base} has Nova 29.4.0, and this fork is of 31.3.1 (2025.1)\n'
        '  Name the release of the image: RELEASE=...; README.md lists those there are.\n'
    )


def test_image_without_nova(image: str, tmp_path: Path) -> None:
    """It is said, with where Nova was looked for."""
    name = f'{image}-none'
    nova = '/usr/local/lib/python3.11/dist-packages'
    (tmp_path / 'Containerfile').write_text(
        f'FROM {image}\nRUN ["busybox", "rm", "-r", "{nova}"]\n'
    )
    podman('build', '--quiet', '--network', 'none', '--tag', name, tmp_path)
    try:
        done = graft('image', name)
    finally:
        podman('rmi', '--force', name)
    assert done.returncode == 1
    assert done.stderr.startswith(f'graft: {name} has no Nova that python3 or /var/lib/kolla/')

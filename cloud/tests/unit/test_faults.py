"""What is in the way is said in one message, before anything is changed where that can be."""

from __future__ import annotations

import errno
import os
import platform
import socket
import sys
from pathlib import Path

import pytest

from cloud import cli, debian, errors, install, lifecycle, locks, machine, progress, settings
from cloud.services import rabbitmq


@pytest.fixture(autouse=True)
def _debian(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have any machine be one that can have a cloud."""
    monkeypatch.setattr(machine, 'system', lambda: {'ID': 'debian', 'VERSION_ID': '12'})
    monkeypatch.setattr(sys, 'version_info', (3, 11, 2))


@pytest.fixture
def cloud(tmp_path: Path) -> lifecycle.Cloud:
    made = lifecycle.Cloud(settings.State(tmp_path / 'cloud'), progress.Progress(quiet=True))
    made.state.prepare()
    return made


@pytest.fixture
def _root_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(settings, 'REPOSITORY', tmp_path)
    monkeypatch.setattr(os, 'geteuid', lambda: 0)


def test_no_root(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Every command needs it, and says what for."""
    monkeypatch.setattr(os, 'geteuid', lambda: 1000)
    assert cli.main(['status']) == 1
    assert capsys.readouterr().err == (
        'xcloud: this needs root: for namespaces, libvirt and Debian packages\nrun it as root\n'
    )


def test_other_system(cloud: lifecycle.Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the systems whose packages are needed will do; nothing is made on others."""
    other = {'ID': 'ubuntu', 'VERSION_ID': '24.04', 'PRETTY_NAME': 'Ubuntu 24.04'}
    monkeypatch.setattr(machine, 'system', lambda: other)
    for verb in (cloud.check, cloud.up):
        with pytest.raises(errors.CheckError) as raised:
            verb({})
        assert str(raised.value) == (
            'a cloud is made of the packages of Debian 12 or 13, and this is Ubuntu 24.04\n'
            'use such a machine or container'
        )
    monkeypatch.setattr(machine, 'system', lambda: {'ID': 'debian', 'VERSION_ID': '13'})
    machine.check_system()


def test_newer_python(cloud: lifecycle.Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packages that do not run on it are not fetched; it is said which release does."""
    monkeypatch.setattr(sys, 'version_info', (3, 13, 5))
    monkeypatch.setattr(platform, 'python_version', lambda: '3.13.5')
    with pytest.raises(errors.CheckError) as raised:
        cloud.check({'release': '2024.1'})
    assert str(raised.value) == (
        'the packages of release 2024.1 need Python 3.12 or older, and this is 3.13.5\n'
        'releases that run on it: 2026.1'
    )
    locks.check('2026.1')


def test_default_release(cloud: lifecycle.Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is one that this Python runs; a cloud that is there keeps its own."""
    for version, release in (((3, 11, 2), '2024.1'), ((3, 13, 5), '2026.1')):
        monkeypatch.setattr(sys, 'version_info', version)
        assert cloud.chosen({}).release == release
    cloud.state.prepare()
    cloud.state.save(settings.Settings(release='2024.1'))
    assert cloud.chosen({}).release == '2024.1'


def test_port_of_another(cloud: lifecycle.Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that is taken is found by the check, too, before anything is built."""
    monkeypatch.setitem(install.SPACE, 'with everything to fetch', 0)
    offset = 7200
    taken = settings.Settings(port_offset=offset).port('keystone')
    with (
        socket.create_server(('127.0.0.1', taken)),
        pytest.raises(errors.CheckError, match=f'^keystone needs port {taken} on 127.0.0.1'),
    ):
        cloud.check({'port_offset': offset})
    assert cloud.state.load() is None


def test_little_disk(cloud: lifecycle.Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is free is looked at first, and what is needed is said."""
    needed = 'with everything to fetch'
    monkeypatch.setitem(install.SPACE, needed, 1 << 60)
    with pytest.raises(errors.CheckError) as raised:
        cloud.up({})
    first, second = str(raised.value).splitlines()
    assert first.startswith(f'{cloud.state.root} has ')
    assert first.endswith(f'{needed} a cloud takes {1 << 30} GiB')
    assert second == 'free some'
    assert cloud.state.load() is None


def test_nothing_is_installed(
    cloud: lifecycle.Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """On a machine without any package, these are what `up` begins with."""
    requested: list[str] = []

    def give_up(names: list[str], _: Path) -> None:
        requested.extend(names)
        raise errors.CheckError('enough')

    monkeypatch.setitem(install.SPACE, 'with everything to fetch', 0)
    monkeypatch.setattr(debian, 'missing', list)
    monkeypatch.setattr(debian, 'install', give_up)
    monkeypatch.setattr(rabbitmq, 'PROGRAMS', tmp_path)
    monkeypatch.setenv('PATH', str(tmp_path))
    with pytest.raises(errors.CheckError, match='^enough$'):
        cloud.up({'port_offset': 7000})
    assert {'gcc', 'libssl-dev', 'rabbitmq-server'} <= set(requested)


@pytest.mark.usefixtures('_root_here')
def test_full_disk(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A disk that fills up on the way is no exception to look through."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, 'No space left on device', '/some/file')

    monkeypatch.setattr(lifecycle.Cloud, 'up', full)
    assert cli.main(['up']) == 1
    assert capsys.readouterr().err == (
        "xcloud: [Errno 28] No space left on device: '/some/file'\n"
        'free some disk, then run the command again\n'
    )


@pytest.mark.usefixtures('_root_here')
def test_damaged_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nor is a file in the place of a folder."""
    (tmp_path / '.cloud').mkdir()
    (tmp_path / '.cloud' / 'log').write_text('')
    assert cli.main(['up']) == 1
    assert capsys.readouterr().err == (
        f"xcloud: [Errno 17] File exists: '{tmp_path}/.cloud/log'\n"
        'the state folder is damaged: run `xcloud wipe`, then `xcloud up`\n'
    )


@pytest.mark.usefixtures('_root_here')
def test_damaged_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that was fetched is none that the tool wrote: it is to be fetched again."""
    missing = tmp_path / '.cloud' / 'packages' / 'guest' / 'kernel'

    def read(*_: object) -> None:
        missing.read_bytes()

    monkeypatch.setattr(lifecycle.Cloud, 'up', read)
    assert cli.main(['up']) == 1
    assert capsys.readouterr().err == (
        f"xcloud: [Errno 2] No such file or directory: '{missing}'\n"
        'a fetched file is damaged: run `xcloud wipe --packages`, then `xcloud up`\n'
    )


def test_second_command(cloud: lifecycle.Cloud) -> None:
    """Two commands do not work on one cloud at the same time."""
    with cloud.alone(), pytest.raises(errors.CheckError) as raised:
        cloud.up({})
    assert str(raised.value) == (
        'another xcloud command is at work on this cloud\nwait until it ends'
    )


def test_wipe_of_another_version(cloud: lifecycle.Cloud) -> None:
    """What cannot be continued can be removed; what was fetched stays."""
    (cloud.state / 'cloud.json').write_text('{"layout": 0}')
    (cloud.state.packages / 'fetched').write_text('')
    cloud.wipe(packages=False)
    assert [entry.name for entry in cloud.state.root.iterdir()] == ['packages']
    assert [entry.name for entry in cloud.state.packages.iterdir()] == ['fetched']
    cloud.wipe(packages=True)
    assert not cloud.state.root.exists()
    cloud.wipe(packages=True)

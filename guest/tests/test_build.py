"""The bytes of the packages, and what is in them."""

import gzip
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from graft.workshop import machine
from guest import build
from guest.tests import system, tree

RELEASE = build.Release.newest()
RULES = 'usr/lib/udev/rules.d/80-xloud-guest.rules'
FORMATS = ['.sh', '.tar.gz', '-1.noarch.rpm', '_all.deb']


def _contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_same_bytes_twice(packages: Path, tmp_path: Path) -> None:
    """Another folder, time zone, umask and time of the sources change no byte."""
    copy = tmp_path / 'copy'
    shutil.copytree(build.HERE, copy / 'guest', copy_function=shutil.copyfile)
    again = tmp_path / 'again'
    script = 'umask 077; exec "$0" -m guest.build "$1"'
    environment = {**os.environ, 'TZ': 'Asia/Tokyo', 'LC_ALL': 'C', 'HOME': str(tmp_path)}
    subprocess.run(
        ['sh', '-c', script, sys.executable, again], cwd=copy, env=environment, check=True
    )
    contents = _contents(packages)
    assert [len([name for name in contents if name.endswith(end)]) for end in FORMATS] == [1] * 4
    assert _contents(again) == contents


def test_source_date_epoch(tmp_path: Path) -> None:
    """SOURCE_DATE_EPOCH is the time of every file."""
    system.build(tmp_path, SOURCE_DATE_EPOCH='1000000000')
    with tarfile.open(tmp_path / f'{RELEASE.folder}.tar.gz') as archive:
        assert {member.mtime for member in archive} == {1000000000}
    listing = subprocess.check_output(
        ['dpkg-deb', '-c', next(tmp_path.glob('*.deb'))], text=True, env={**os.environ, 'TZ': 'UTC'}
    )
    assert all(' 2001-09-09 01:46 ' in line for line in listing.splitlines())


def test_source_date_epoch_that_is_no_number(tmp_path: Path) -> None:
    """A time that is none stops the build, and is shown."""
    done = system.build(tmp_path, SOURCE_DATE_EPOCH='noon')
    assert done.returncode == 1
    assert done.stderr == "SOURCE_DATE_EPOCH is not a number of seconds: 'noon'\n"


def test_tools_that_are_missing(tmp_path: Path) -> None:
    """Each missing tool is named with its package; the other formats are built."""
    done = system.build(tmp_path, PATH=str(tmp_path / 'nothing'))
    assert done.returncode == 1
    assert done.stderr == (
        'no deb: dpkg-deb is missing; apt-get install dpkg\n'
        'no rpm: rpmbuild is missing; apt-get install rpm\n'
    )
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        f'{RELEASE.folder}.sh',
        f'{RELEASE.folder}.tar.gz',
    ]


@pytest.mark.usefixtures('packages')
def test_figures(tmp_path: Path) -> None:
    """The build prints how much the package needs, which is less than 100 kB."""
    printed = system.build(tmp_path).stdout
    sizes = dict(re.findall(r'^(\S+): (\d+) bytes$', printed, re.MULTILINE))
    assert {name: int(size) for name, size in sizes.items() if name != 'installed'} == {
        name: len(content) for name, content in _contents(tmp_path).items()
    }
    assert 0 < int(sizes['installed']) < 100_000


def test_contents(packages: Path) -> None:
    """The formats have the same files: scripts of sh, and nothing of Nova or Python."""
    with tarfile.open(packages / f'{RELEASE.folder}.tar.gz') as archive:
        files = {
            member.name.partition('/files/')[2]: archive.extractfile(member).read()
            for member in archive
            if '/files/' in member.name
        }
    raw = subprocess.check_output(['dpkg-deb', '--fsys-tarfile', next(packages.glob('*.deb'))])
    with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
        in_deb = {
            member.name.removeprefix('./'): archive.extractfile(member).read()
            for member in archive
            if member.isfile()
        }
    assert in_deb == files
    rpm = subprocess.check_output(
        [
            'rpm',
            '-qp',
            '--qf',
            r'[%{FILENAMES} %{FILEMODES:perms}\n]',
            next(packages.glob('*.rpm')),
        ],
        text=True,
    )
    in_rpm = {line.split()[0][1:] for line in rpm.splitlines() if ' -' in line}
    assert in_rpm == set(files)
    for name, content in files.items():
        text = gzip.decompress(content) if name.endswith('.gz') else content
        assert not re.search(b'nova|python', text.replace(b'xloud-nova', b'').lower())
        if text.startswith(b'#!'):
            assert text.startswith(b'#!/bin/sh\n')


def test_tarball_for_an_image(packages: Path, tmp_path: Path) -> None:
    """Its script installs into the root of an image, and takes out all of it again.

    Whatever the umask, all users can read it; and the root may be relative.
    """
    tarball = packages / f'{RELEASE.folder}.tar.gz'
    subprocess.run(['tar', '-C', tmp_path, '-xzf', tarball], check=True)
    root = tmp_path / 'image'
    line = tree.write(root, 'etc/kernel/cmdline', 'root=a\n')
    install = [tmp_path / RELEASE.folder / 'install']
    environment = {**os.environ, 'XLOUD_GUEST_ROOT': 'image'}
    for _ in range(2):
        subprocess.run(install, env=environment, check=True, cwd=tmp_path, umask=0o077)
        assert 'memhp_default_state=online' in line.read_text()
        assert tree.RULES.read_text() == (root / RULES).read_text()
    assert (root / 'usr/bin/xloud-guest').stat().st_mode & 0o777 == 0o755
    assert all(path.stat().st_mode & 0o044 == 0o044 for path in root.glob('usr/**/*'))
    # An older version has made other settings; it is the one that takes them out.
    agent = root / 'etc/qemu/qemu-ga.conf'
    newer = agent.read_text()
    agent.write_text('[general]\n')
    with (root / 'usr/share/xloud-guest/agent.sh').open('a') as older:
        older.write("agent_text='[general]'\n")
    subprocess.run(install, env=environment, check=True, cwd=tmp_path, umask=0o077)
    assert agent.read_text() == newer
    subprocess.run([*install, '--remove'], env=environment, check=True, cwd=tmp_path)
    left = {name: text for name, text in tree.files(root).items() if (root / name).is_file()}
    assert left == {'etc/kernel/cmdline': b'root=a\n'}


def test_root_that_is_not_there(packages: Path, tmp_path: Path) -> None:
    """Its script says so, and installs nothing."""
    tarball = packages / f'{RELEASE.folder}.tar.gz'
    subprocess.run(['tar', '-C', tmp_path, '-xzf', tarball], check=True)
    done = subprocess.run(
        [tmp_path / RELEASE.folder / 'install'],
        env={**os.environ, 'XLOUD_GUEST_ROOT': str(tmp_path / 'no/such')},
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, f'There is no {tmp_path}/no/such.\n')


def test_version() -> None:
    """The command, its manual and the changelog have one version."""
    assert tree.call(Path(), '--version').stdout == f'xloud-guest {RELEASE.version}\n'
    manual = (tree.COMMAND.parents[1] / 'share/man/man8/xloud-guest.8').read_text()
    assert f'"xloud-guest {RELEASE.version}"' in manual


def test_shellcheck(packages: Path) -> None:
    """Every script is POSIX sh, and shellcheck has nothing to say."""
    lack = machine.lacking({'shellcheck': 'shellcheck'})
    if lack:
        pytest.skip(f'needs shellcheck: {lack}')
    scripts = [
        tree.COMMAND,
        packages / f'{RELEASE.folder}.sh',
        build.HERE / 'packages/tar/install',
        *(build.HERE / 'packages/deb').glob('p*'),
        *(build.HERE / 'dib').glob('*/*.d/*'),
    ]
    done = subprocess.run(
        ['shellcheck', '--external-sources', '--shell=sh', *scripts],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout + done.stderr == ''


def test_lintian(packages: Path) -> None:
    """Debian's checks of a package have nothing to say."""
    lack = machine.lacking({'lintian': 'lintian'})
    if lack:
        pytest.skip(f'needs lintian: {lack}')
    done = subprocess.run(
        ['lintian', '--allow-root', next(packages.glob('*.deb'))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, '')

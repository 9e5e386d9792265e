"""Debian packages: those installed, and those only unpacked for the guest."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from cloud import command, errors

#: Denies a package the start of its service: ours are started by us. What says so of itself was
#: left behind by a run that was interrupted, and goes with the next one.
_DENY = '#!/bin/sh\n# For the time in which xcloud installs packages.\nexit 101\n'
_POLICY = Path('/usr/sbin/policy-rc.d')


def missing(names: Iterable[str]) -> list[str]:
    """Return the packages that are not installed."""
    packages = list(names)
    if shutil.which('dpkg-query') is None:
        raise errors.CheckError(
            'this tool installs Debian packages and there is no dpkg here\n'
            'use a machine or container with Debian 12 or 13'
        )
    # dpkg-query ends with status 1 when it does not know a name: query all.
    listing = command.run(['dpkg-query', '-W', '-f', '${Package} ${db:Status-Status}\\n'])
    installed = {line.split()[0] for line in listing.splitlines() if line.endswith(' installed')}
    return [name for name in packages if name not in installed]


def install(names: Iterable[str], log: Path) -> None:
    """Install what is missing; services the packages bring are not started."""
    absent = missing(names)
    if not absent:
        return
    with _no_services():
        command.run(
            ['apt-get', 'install', '-y', '--no-install-recommends', *absent],
            log=log,
            env={'DEBIAN_FRONTEND': 'noninteractive'},
        )


def unpack(names: Iterable[str], folder: Path, log: Path) -> None:
    """Fetch packages and unpack them under a folder, without installing them."""
    folder.mkdir(parents=True, exist_ok=True)
    # The fetching user of apt cannot write here, and says so at length.
    root = ['-o', 'APT::Sandbox::User=root']
    command.run(['apt-get', *root, 'download', *names], log=log, cwd=folder)
    for archive in sorted(folder.glob('*.deb')):
        command.run(['dpkg-deb', '-x', archive, folder], log=log)
        archive.unlink()


def dependency(name: str) -> str:
    """Return the package that a meta package stands for."""
    for line in command.run(['apt-cache', 'depends', name]).splitlines():
        kind, _, what = line.strip().partition(': ')
        if kind == 'Depends':
            return what
    raise errors.CheckError(
        f'apt knows no package {name} that depends on another\n'
        'run `apt-get update`, then `xcloud up` again'
    )


@contextlib.contextmanager
def _no_services() -> Iterator[None]:
    if _POLICY.exists() and _POLICY.read_text() != _DENY:
        # The administrator has a policy: keep it.
        yield
        return
    _POLICY.write_text(_DENY)
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink()

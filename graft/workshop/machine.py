"""Programs of the machine that tests need."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

LOCK = Path('/run/lock/graft-packages')
POLICY = Path('/usr/sbin/policy-rc.d')
# What says so of itself was left behind by a run that was interrupted, and goes with the next one.
_DENY = '#!/bin/sh\n# For the time in which tests install packages.\nexit 101\n'


def lacking(tools: Mapping[str, str]) -> str:
    """Install what is missing, where that is possible; why not, if it is not.

    :param tools: The Debian package of each program
    """
    path = os.environ['PATH'] + ':/usr/sbin'
    absent = [name for name in tools if shutil.which(name, path=path) is None]
    if not absent:
        return ''
    packages = [tools[name] for name in absent]
    if os.geteuid() != 0 or shutil.which('apt-get') is None:
        return f'{", ".join(absent)} missing; on Debian: apt-get install {" ".join(packages)}'
    with _alone(), _no_services():
        for command in (['update'], ['install', '-y', '--no-install-recommends', *packages]):
            done = subprocess.run(
                ['apt-get', '-q', *command],
                env={**os.environ, 'DEBIAN_FRONTEND': 'noninteractive'},
                capture_output=True,
                text=True,
                check=False,
            )
    return '' if done.returncode == 0 else f'cannot install {" ".join(packages)}: {done.stderr}'


@contextmanager
def _alone() -> Iterator[None]:
    """Wait for a stage of another lane that installs something."""
    with LOCK.open('w') as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _no_services() -> Iterator[None]:
    """No service is started by its package: the tests start their own."""
    if POLICY.exists() and POLICY.read_text() != _DENY:  # The administrator has one: keep it.
        yield
        return
    POLICY.write_text(_DENY)
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()

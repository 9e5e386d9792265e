"""ssh and rsync, as subprocesses: the only ways to a host."""

from __future__ import annotations

import contextlib
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from upgrade.errors import TransportError, UpgradeError, quoted
from upgrade.target.inventory import Host

_OPTIONS = (
    'BatchMode=yes',
    'ConnectTimeout=10',
    'ServerAliveInterval=5',
    'ServerAliveCountMax=3',
    'ControlMaster=auto',
    'ControlPersist=20',
)


class Transport:
    """Connections to hosts, shared while one command runs."""

    def __init__(self) -> None:
        for tool in ('ssh', 'rsync'):
            if shutil.which(tool) is None:
                raise UpgradeError(
                    f'there is no {tool} on this machine\n'
                    '  on Debian: apt-get install openssh-client rsync'
                )
        # Short, for the path of a socket may have no more than about 100 characters.
        self._folder = Path(tempfile.mkdtemp(prefix='xu-', dir='/tmp'))
        self._hosts: dict[str, Host] = {}

    def __enter__(self) -> Transport:
        return self

    def __exit__(self, *_: object) -> None:
        for host in self._hosts.values():
            words = [*self._ssh(host), '-O', 'exit', host.address]
            subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _ssh(self, host: Host) -> list[str]:
        words = ['ssh']
        for option in (*_OPTIONS, f'ControlPath={self._folder}/%C'):
            words += ['-o', option]
        if host.port:
            words += ['-p', str(host.port)]
        if host.user:
            words += ['-l', host.user]
        return [*words, *host.ssh_options]

    def command(self, host: Host, argv: Sequence[str]) -> list[str]:
        """Return the local command that runs ``argv`` there."""
        self._hosts[host.name] = host
        return [*self._ssh(host), host.address, shlex.join([*host.become, *argv])]

    def push(self, host: Host, source: Path, target: str) -> None:
        """Copy what is in a folder into one there; what has arrived before is not sent again."""
        self._rsync(host, f'{source}/', f'{host.address}:{target}/')

    def pull(self, host: Host, source: str, target: Path) -> None:
        self._rsync(host, f'{host.address}:{source}', str(target))

    def _rsync(self, host: Host, source: str, target: str) -> None:
        self._hosts[host.name] = host
        words = ['rsync', '--recursive', '--times', '--partial', '--timeout=60', '--protect-args']
        words += ['-e', shlex.join(self._ssh(host))]
        if host.become:
            words += ['--rsync-path', shlex.join([*host.become, 'rsync'])]
        done = subprocess.run(
            [*words, source, target],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors='replace',
            check=False,
            start_new_session=True,  # Ctrl-C is for this process: a copy ends with its step.
        )
        if done.returncode:
            raise TransportError(
                f'the copy from {source} to {target} failed:\n{quoted(done.stderr, 6)}\n'
                '  run the command again: it continues with what has not arrived'
            )

    @contextlib.contextmanager
    def folder(self) -> Iterator[Path]:
        """Make a folder on this machine for what is on its way."""
        with tempfile.TemporaryDirectory(prefix='xloud-upgrade-') as name:
            yield Path(name)

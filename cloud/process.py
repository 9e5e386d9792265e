"""Processes that outlive the command which started them.

A process is known by its number *and* the moment it started, so that a number
that the kernel gave to another is never signalled.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from cloud import files, settings

#: Set in every process of a cloud and inherited by what it starts: helpers
#: that detach from their service are found by it.
MARK = 'XCLOUD_SERVICE_OF'

#: How many files and connections a service may have open; a message broker for a
#: thousand hosts has some thousands.
_FILES = 65536


def started(pid: int) -> int | None:
    """Return the moment a process started, in ticks since boot; None when it is gone."""
    try:
        stat = Path('/proc', str(pid), 'stat').read_text()
    except OSError:
        return None
    # The name, in parentheses, may hold spaces and parentheses itself.
    fields = stat.rpartition(')')[2].split()
    return None if fields[0] in 'ZX' else int(fields[19])


class Daemon:
    """One long-running process: how it is started, and which one it is now."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str | Path],
        state: settings.State,
        env: Mapping[str, str] | None = None,
        stop_signal: int = signal.SIGTERM,
    ) -> None:
        self.name = name
        self.argv = [str(word) for word in argv]
        self.state = state
        self.env = dict(env or {})
        self.stop_signal = stop_signal
        self.log = state.log(name)
        self.pid_file = state.pid(name)

    @property
    def command(self) -> list[str]:
        """What to paste to run it by hand."""
        prefix = [f'{name}={value}' for name, value in self.env.items()]
        return ['env', *prefix, *self.argv] if prefix else self.argv

    @property
    def pid(self) -> int | None:
        """The process number, while it is the process that was started here."""
        try:
            number, moment = map(int, self.pid_file.read_text().split())
        except (OSError, ValueError):
            return None
        return number if started(number) == moment else None

    def start(self) -> None:
        """Start it, unless it runs."""
        if self.pid is not None:
            return
        _allow_files()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open('a') as log:
            child = subprocess.Popen(
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**_plain_environment(), MARK: str(self.state.root), **self.env},
                cwd='/',
                start_new_session=True,
            )
        files.write(self.pid_file, f'{child.pid} {started(child.pid) or 0}\n')
        # It is not ours to wait for: it stays when this command ends.
        child.returncode = 0

    def stop(self, patience: float = 20) -> bool:
        """Ask it to end, then insist; say whether there was anything to end."""
        pid = self.pid
        if pid is not None:
            end([pid], self.stop_signal, patience)
        self.pid_file.unlink(missing_ok=True)
        return pid is not None


def end(pids: Sequence[int], first: int = signal.SIGTERM, patience: float = 10) -> None:
    """Signal processes and wait; those that stay are killed."""
    running = {pid: started(pid) for pid in pids}
    for number, seconds in ((first, patience), (signal.SIGKILL, 10)):
        for pid, moment in running.items():
            if moment is not None and started(pid) == moment:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            _reap(running)
            running = {p: m for p, m in running.items() if m is not None and started(p) == m}
            if not running:
                return
            time.sleep(0.05)


def marked(state: settings.State) -> list[int]:
    """Return every process of this cloud that still runs, helpers included."""
    mark = f'{MARK}={state.root}'.encode()
    pids = []
    for folder in Path('/proc').glob('[0-9]*'):
        with contextlib.suppress(OSError):
            if mark in (folder / 'environ').read_bytes().split(b'\0'):
                pid = int(folder.name)
                if pid != os.getpid() and started(pid) is not None:
                    pids.append(pid)
    return sorted(pids)


def family(leader: int) -> list[int]:
    """Return a process and those of its session: the workers of a service."""
    pids = []
    for folder in Path('/proc').glob('[0-9]*'):
        with contextlib.suppress(OSError):
            fields = (folder / 'stat').read_text().rpartition(')')[2].split()
            if int(fields[3]) == leader:
                pids.append(int(folder.name))
    return pids


def memory(pids: list[int]) -> int:
    """Return the memory of processes in bytes; shared pages count once."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            for line in Path(f'/proc/{pid}/smaps_rollup').read_text().splitlines():
                if line.startswith('Pss:'):
                    total += int(line.split()[1]) * 1024
    return total


def peak(pids: list[int]) -> int:
    """Return the most memory each process ever had, added up, in bytes."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            for line in Path(f'/proc/{pid}/status').read_text().splitlines():
                if line.startswith('VmHWM:'):
                    total += int(line.split()[1]) * 1024
    return total


def _allow_files() -> None:
    """Let what is started from here on have many files open, as far as that is allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
    if soft != resource.RLIM_INFINITY and soft < limit:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))


def _reap(pids: Mapping[int, int | None]) -> None:
    for pid in pids:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def _plain_environment() -> dict[str, str]:
    """Return what a service may inherit: nothing of the caller's own cloud or proxy."""
    names = ('PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR')
    return {name: os.environ[name] for name in names if name in os.environ}

"""What concerns the host of a target: its lock, its commands, its clock and its tools."""

from __future__ import annotations

import dataclasses
import errno
import fcntl
import json
import os
import shutil
import signal
import stat
import subprocess
import tempfile
import time

from upgrade.agent import protocol
from upgrade.agent.files import AgentError
from upgrade.agent.protocol import Fault, Holder, HostFacts, Outcome

TAIL = 4000  # bytes of a command's output worth sending home


class Locks:
    """Locks that end with this process, however it ends."""

    def __init__(self) -> None:
        self._handles: dict = {}

    def take(self, folder: str, name: str, holder: Holder) -> None:
        if name in self._handles:
            return
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            status = os.lstat(folder)
            if (
                status.st_uid != os.geteuid()
                or status.st_mode & 0o022
                or not stat.S_ISDIR(status.st_mode)
            ):
                # What lies there is copied into containers, as root.
                raise AgentError(
                    f'other users can write to {folder}; remove it, or set `state_dir`', Fault.UNFIT
                )
            handle = os.open(
                os.path.join(folder, name + '.lock'), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
            )
        except OSError as error:
            raise AgentError(f'cannot keep a lock in {folder}: {error}', Fault.UNFIT) from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            text = os.pread(handle, TAIL, 0).decode(errors='replace')
            os.close(handle)
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise
            raise AgentError(text, Fault.BUSY) from None
        os.ftruncate(handle, 0)
        holder = dataclasses.replace(holder, since=time.time())
        os.pwrite(handle, json.dumps(protocol.encode(holder)).encode(), 0)
        self._handles[name] = handle


def check_unlocked(folder: str, name: str) -> None:
    """Refuse, as ``Locks.take`` does, when another process has the lock; take nothing."""
    try:
        handle = os.open(os.path.join(folder, name + '.lock'), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.pread(handle, TAIL, 0).decode(errors='replace')
        raise AgentError(text, Fault.BUSY) from None
    finally:
        os.close(handle)


def run(argv: list, timeout: float) -> Outcome:
    """Run a command to its end.

    Its output goes to a file: a service that it leaves behind may keep a pipe open for ever.
    """
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            return Outcome(127, f'{argv[0]}: {error.strerror}')
        try:
            status, late = process.wait(timeout), ''
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            status, late = 124, f'\nnot finished after {timeout:g} s'
        output.seek(max(0, output.seek(0, os.SEEK_END) - TAIL))
        return Outcome(status, output.read().decode(errors='replace') + late)


def inspect(tools: list) -> HostFacts:
    missing = [tool for tool in tools if shutil.which(tool) is None]
    return HostFacts(os.uname().nodename, time.time(), missing)

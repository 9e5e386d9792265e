"""What concerns the host of a target: its lock, its commands, its clock and its room."""

from __future__ import annotations

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

from upgrade.agent.files import AgentError

TAIL = 4000  # bytes of a command's output worth sending home


class Locks:
    """Locks that end with this process, however it ends."""

    def __init__(self) -> None:
        self._held: dict = {}

    def take(self, folder: str, name: str, holder: dict) -> None:
        if name in self._held:
            return
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            known = os.lstat(folder)
            if (
                known.st_uid != os.geteuid()
                or known.st_mode & 0o022
                or not stat.S_ISDIR(known.st_mode)
            ):
                # What lies there is copied into containers, as root.
                raise AgentError(
                    'unfit', f'{folder} is not ours alone; remove it, or set `state_dir`'
                )
            handle = os.open(
                os.path.join(folder, name + '.lock'), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
            )
        except OSError as error:
            raise AgentError('unfit', f'cannot keep a lock in {folder}: {error}') from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            said = os.pread(handle, TAIL, 0).decode(errors='replace')
            os.close(handle)
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise
            raise AgentError('busy', said) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps(dict(holder, since=time.time())).encode(), 0)
        self._held[name] = handle

    @staticmethod
    def need_free(folder: str, name: str) -> None:
        """Refuse, as ``take`` does, when somebody has it; take nothing."""
        try:
            handle = os.open(os.path.join(folder, name + '.lock'), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AgentError('busy', os.pread(handle, TAIL, 0).decode(errors='replace')) from None
        finally:
            os.close(handle)

    def release(self, folder: str, name: str) -> None:
        """The file stays: to remove it would let a third one in beside a second."""
        handle = self._held.pop(name, None)
        if handle is not None:
            os.ftruncate(handle, 0)
            os.close(handle)


def run(argv: list, timeout: float) -> dict:
    """Run a command to its end; its status and the end of what it said.

    What it says goes to a file: a service that it leaves behind may keep a pipe open for ever.
    """
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            return {'status': 127, 'said': f'{argv[0]}: {error.strerror}'}
        try:
            status, late = process.wait(timeout), ''
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            status, late = 124, f'\nno end after {timeout:g} s'
        said.seek(max(0, said.seek(0, os.SEEK_END) - TAIL))
        return {'status': status, 'said': said.read().decode(errors='replace') + late}


def look(tools: list, folder: str) -> dict:
    place = folder
    while not os.path.isdir(place):
        place = os.path.dirname(place)
    room = os.statvfs(place)
    return {
        'name': os.uname().nodename,
        'user': os.geteuid(),
        'time': time.time(),
        'free': room.f_bavail * room.f_frsize,
        'missing': [tool for tool in tools if shutil.which(tool) is None],
    }

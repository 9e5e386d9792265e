"""What a guest prints on its own console, and when."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from bench.cloud.world import Size
from cloud import errors
from cloud.guest import line

_PATIENCE = 120


class Said(NamedTuple):
    """A line of the guest."""

    when: float
    vcpus: int
    memory_mb: int
    #: Since the guest started.
    seconds: int
    #: Which start of the guest that is, as seen from here.
    start: int

    def shows(self, size: Size) -> bool:
        """Say whether the guest sees itself having a size."""
        return self.vcpus == size.vcpus and line.fits(self.memory_mb, size.memory_mb)


class Console:
    """The file in which QEMU keeps what a guest prints.

    Reading it costs the services nothing, other than asking the API for it.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._inode, self._offset, self._starts = 0, 0, 0
        self._rest = ''
        self.read()

    def read(self) -> list[Said]:
        """Give the lines since the last call; also when the server got a new file."""
        try:
            inode = self.file.stat().st_ino
            if inode != self._inode:
                self._inode, self._offset, self._rest = inode, 0, ''
                self._starts += 1
            with self.file.open('rb') as stream:
                stream.seek(self._offset)
                new = stream.read()
        except OSError:
            return []
        now = time.monotonic()
        self._offset += len(new)
        *whole, self._rest = (self._rest + new.decode(errors='replace')).split('\n')
        return [
            Said(now, seen.cpus, seen.memory_mb, seen.seconds, self._starts)
            for seen in line.parse('\n'.join(whole))
        ]

    def hears(self, wanted: Callable[[Said], bool]) -> Said:
        """Wait for a new line that is wanted."""
        deadline = time.monotonic() + _PATIENCE
        last = None
        while time.monotonic() < deadline:
            for last in self.read():
                if wanted(last):
                    return last
            time.sleep(0.01)
        raise errors.NotReadyError(
            'the guest', f'for {_PATIENCE} s it did not print what was waited for, but {last}'
        )

"""What a guest prints on its console, and when."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from bench.cloud.size import Size
from cloud import errors
from cloud.guest import line

_PATIENCE = 120


class Sighting(NamedTuple):
    """A line of the guest: what it saw of itself, and when that was read."""

    time: float
    vcpus: int
    memory_mb: int
    #: Since the guest started.
    uptime: int
    #: Which start of the guest it was, counted here.
    start: int

    def shows(self, size: Size) -> bool:
        """Return whether the guest sees itself at a size."""
        return self.vcpus == size.vcpus and line.fits(self.memory_mb, size.memory_mb)


class Console:
    """The file to which QEMU writes what a guest prints.

    Reading it costs the services nothing, unlike asking the API for it.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._inode, self._offset, self._starts = 0, 0, 0
        self._partial = ''
        self.read()

    def read(self) -> list[Sighting]:
        """Return the lines since the last call, also if the server has a new file."""
        try:
            inode = self.file.stat().st_ino
            if inode != self._inode:
                self._inode, self._offset, self._partial = inode, 0, ''
                self._starts += 1
            with self.file.open('rb') as stream:
                stream.seek(self._offset)
                new = stream.read()
        except OSError:
            return []
        now = time.monotonic()
        self._offset += len(new)
        *whole, self._partial = (self._partial + new.decode(errors='replace')).split('\n')
        return [
            Sighting(now, seen.cpus, seen.memory_mb, seen.seconds, self._starts)
            for seen in line.parse('\n'.join(whole))
        ]

    def wait_for(self, condition: Callable[[Sighting], bool]) -> Sighting:
        """Wait for a new line that meets a condition."""
        deadline = time.monotonic() + _PATIENCE
        last = None
        while time.monotonic() < deadline:
            for last in self.read():
                if condition(last):
                    return last
            time.sleep(0.01)
        raise errors.NotReadyError(
            'the guest', f'it did not print the expected line in {_PATIENCE} s; its last was {last}'
        )

    def wait_for_size(self, size: Size) -> Sighting:
        """Wait for a new line in which the guest sees itself at a size."""
        return self.wait_for(lambda seen: seen.shows(size))

    def next(self) -> Sighting:
        """Wait for a new line."""
        return self.wait_for(lambda seen: True)

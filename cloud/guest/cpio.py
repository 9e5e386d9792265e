"""Archives in the form that the kernel takes as its first file system."""

from __future__ import annotations

import gzip
from pathlib import Path

_FOLDER, _FILE, _LINK = 0o040755, 0o100000, 0o120777


class Archive:
    """A file system in the making; folders are made as they are needed."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._names: set[str] = set()

    def folder(self, name: str) -> None:
        if name and name not in self._names:
            self._parents(name)
            self._add(name, _FOLDER, b'')

    def file(self, name: str, content: bytes, mode: int = 0o644) -> None:
        self._parents(name)
        self._add(name, _FILE | mode, content)

    def link(self, name: str, target: str) -> None:
        self._parents(name)
        self._add(name, _LINK, target.encode())

    def save(self, path: Path) -> None:
        """Write it, compressed; the same content gives the same bytes."""
        data = b''.join([*self._parts, _entry('TRAILER!!!', 0, 0, b'')])
        path.write_bytes(gzip.compress(data, compresslevel=6, mtime=0))

    def _parents(self, name: str) -> None:
        self.folder(name.rpartition('/')[0])

    def _add(self, name: str, mode: int, content: bytes) -> None:
        if name in self._names:
            raise ValueError(f'{name} is already in the archive')
        self._names.add(name)
        self._parts.append(_entry(name, len(self._names), mode, content))


def _entry(name: str, inode: int, mode: int, content: bytes) -> bytes:
    encoded = name.encode() + b'\0'
    numbers = (inode, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(encoded), 0)
    head = b'070701' + ''.join(f'{number:08X}' for number in numbers).encode()
    return _padded(head + encoded) + _padded(content)


def _padded(data: bytes) -> bytes:
    return data + b'\0' * (-len(data) % 4)

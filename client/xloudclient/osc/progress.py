"""Progress of an adjustment, for the person who waits for it."""

from __future__ import annotations

from typing import TextIO

from xloudclient import ServerSize


class Progress:
    """The current and the requested size: a single line on a terminal, lines elsewhere."""

    def __init__(self, stream: TextIO, vcpus: int | None, memory_mb: int | None) -> None:
        self._stream = stream
        self._terminal = stream.isatty()
        self._requested = (('vCPUs', vcpus), ('memory in MiB', memory_mb))
        self._last = ''

    def __call__(self, size: ServerSize) -> None:
        current = (size.current_vcpus, size.current_memory_mb)
        text = ', '.join(
            f'{name}: {has}' + (f' (requested: {requested})' if has != requested else '')
            for (name, requested), has in zip(self._requested, current)
            if requested is not None
        )
        if text != self._last:
            self._last = text
            self._stream.write(f'\r\x1b[K{text}' if self._terminal else f'{text}\n')
            self._stream.flush()

    def end(self) -> None:
        """Move on from the line."""
        if self._terminal and self._last:
            self._stream.write('\n')

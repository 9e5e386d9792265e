"""Telling the person how far a server is from what was asked for."""

from __future__ import annotations

from typing import TextIO

from xloudclient import ServerSize


class Progress:
    """What a server has against its target: a living line on a terminal, plain lines elsewhere."""

    def __init__(self, stream: TextIO, vcpus: int | None, memory_mb: int | None) -> None:
        self._stream = stream
        self._living = stream.isatty()
        self._asked = (('vCPUs', vcpus), ('memory in MiB', memory_mb))
        self._last = ''

    def __call__(self, size: ServerSize) -> None:
        has = (size.current_vcpus, size.current_memory_mb)
        text = ', '.join(
            f'{name}: {now}' + (f' (asked for: {asked})' if now != asked else '')
            for (name, asked), now in zip(self._asked, has)
            if asked is not None
        )
        if text != self._last:
            self._last = text
            self._stream.write(f'\r\x1b[K{text}' if self._living else f'{text}\n')
            self._stream.flush()

    def end(self) -> None:
        """Leave the line to what comes next."""
        if self._living and self._last:
            self._stream.write('\n')

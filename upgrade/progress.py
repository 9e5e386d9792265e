"""What is happening, on standard error: a line for each step of each target."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from typing import TextIO


class Progress:
    """Several targets take steps at once, so a line is written when one begins and when it ends."""

    def __init__(self, stream: TextIO | None = None, quiet: bool = False) -> None:
        self.stream = stream or sys.stderr
        self.quiet = quiet
        self._lock = threading.Lock()

    def say(self, text: str) -> None:
        if not self.quiet:
            with self._lock, contextlib.suppress(OSError, ValueError):
                self.stream.write(text + '\n')
                self.stream.flush()

    @contextlib.contextmanager
    def step(self, target: str, what: str) -> Iterator[None]:
        began = time.monotonic()
        self.say(f'  {target:<20} {what} ...')
        try:
            yield
        except BaseException:
            self.say(f'  {target:<20} {what}: failed after {time.monotonic() - began:.1f} s')
            raise
        self.say(f'  {target:<20} {what}: {time.monotonic() - began:.1f} s')

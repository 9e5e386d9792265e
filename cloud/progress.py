"""Showing what happens: a living line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from typing import TextIO


class Progress:
    """Shows steps and how long each took, on standard error."""

    def __init__(self, stream: TextIO | None = None, quiet: bool = False) -> None:
        self.stream = stream or sys.stderr
        self.quiet = quiet
        self.living = not quiet and self.stream.isatty()
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Show a step when it begins, and its time when it ends."""
        began = time.monotonic()
        over = threading.Event()
        painter = threading.Thread(target=self._paint, args=(title, began, over), daemon=True)
        if self.living:
            painter.start()
        else:
            self.say(f'  {title} ...')
        try:
            yield
        except BaseException as error:
            verdict = 'interrupted' if isinstance(error, KeyboardInterrupt) else 'failed'
            self._finish(painter, over, f'{title}: {verdict} after', began)
            raise
        self._finish(painter, over, title, began)

    def say(self, text: str) -> None:
        """Show a line that is not a step."""
        if not self.quiet:
            with self._lock:
                self.stream.write(text + '\n')
                self.stream.flush()

    def _paint(self, title: str, began: float, over: threading.Event) -> None:
        while not over.wait(0.2):
            seconds = time.monotonic() - began
            with self._lock:
                self.stream.write(f'\r\x1b[K  {title} ... {seconds:.0f} s')
                self.stream.flush()

    def _finish(
        self, painter: threading.Thread, over: threading.Event, text: str, began: float
    ) -> None:
        over.set()
        if self.living:
            painter.join()
            self.stream.write('\r\x1b[K')
        self.say(f'  {text:<58} {time.monotonic() - began:6.1f} s')

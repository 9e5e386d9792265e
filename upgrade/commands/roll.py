"""One step after another over many targets: everything is prepared before anything is exchanged.

Phase one, ``prepare``, for every target: lock it, check it, back it up, stage the new files,
compile and import them. Phase two, ``switch``, in the order of restarts: exchange, restart, wait
for health.

A failure in phase one leaves every target as it was. One in phase two puts that target back, and
those after it are not begun.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait

from upgrade.errors import StoppedError, UpgradeError
from upgrade.progress import Progress
from upgrade.target.work import Work

#: Phase one's answer: this target needs phase two.
Prepare = Callable[[Work], bool]
Switch = Callable[[Work], None]


class Roll:
    """The order of things, what to do on a failure, and what to say of it."""

    def __init__(
        self, works: Sequence[Work], shown: Progress, stop: threading.Event, batch: int, forks: int
    ) -> None:
        self.works = works
        self.shown = shown
        self.stop = stop
        self.batch = batch
        self.forks = forks
        self.changed: list[str] = []
        self.skipped: list[str] = []

    def run(self, prepare: Prepare, switch: Switch) -> None:
        ready: list[Work] = []

        def first(work: Work) -> None:
            if prepare(work):
                ready.append(work)
            else:
                self.skipped.append(work.target.name)

        def second(work: Work) -> None:
            self._switch(work, switch)

        with self._no_interrupt():
            try:
                self._each(first, self.works, self.forks)
                order = [work for work in self.works if work in ready]
                for group in self._groups(order):
                    self._each(second, group, self.batch)
            finally:
                for work in self.works:
                    work.release()

    def _switch(self, work: Work, switch: Switch) -> None:
        try:
            switch(work)
        except UpgradeError as error:
            if not work.swapped:
                raise
            told = f'{error}\n  {work.put_back()}'
            raise type(error)(told) from None
        self.changed.append(work.target.name)

    def _groups(self, works: Sequence[Work]) -> Iterable[list[Work]]:
        """Each target alone, but computes so many at a time."""
        group: list[Work] = []
        for work in works:
            if not work.target.compute_only or self.batch < 2:
                yield [work]
                continue
            group.append(work)
            if len(group) == self.batch:
                yield group
                group = []
        if group:
            yield group

    def _each(self, do: Callable[[Work], None], works: Sequence[Work], at_once: int) -> None:
        """Do it for each; the first failure is raised when all that had begun have ended."""
        with ThreadPoolExecutor(max(1, at_once)) as pool:
            futures = [pool.submit(self._unless_stopped, do, work) for work in works]
            self._wait(futures)
        failures = [error for future in futures if (error := future.exception())]
        failures.sort(key=lambda error: isinstance(error, StoppedError))
        if failures:
            raise self._summed_up(failures[0], failures[1:])
        if self.stop.is_set():
            raise self._summed_up(StoppedError('stopped'), [])

    def _unless_stopped(self, do: Callable[[Work], None], work: Work) -> None:
        if self.stop.is_set():
            raise StoppedError(f'{work.target.name}: not begun')
        do(work)

    def _wait(self, futures: list[Future[None]]) -> None:
        pending: set[Future[None]] = set(futures)
        while pending:
            done, pending = wait(pending, timeout=0.2, return_when=FIRST_EXCEPTION)
            if any(future.exception() for future in done):
                for future in pending:
                    future.cancel()
                pending = {future for future in pending if not future.cancelled()}
                futures[:] = [future for future in futures if not future.cancelled()]

    @contextlib.contextmanager
    def _no_interrupt(self) -> Iterator[None]:
        """Ctrl-C asks to stop. As an exception it could come between any two lines of ours."""

        def ask(*_: object) -> None:
            if self.stop.is_set():
                self._say('abandoned; the next apply or rollback puts every target in order')
                os._exit(130)
            self.stop.set()
            self._say('stopping when the steps that run have ended (again: at once)')

        former = signal.signal(signal.SIGINT, ask)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, former)

    def _say(self, text: str) -> None:
        """Past the lock of the progress, which the interrupted line may hold."""
        if not self.shown.quiet:
            os.write(sys.stderr.fileno(), f'{text}\n'.encode())

    def _summed_up(self, error: BaseException, others: Sequence[BaseException]) -> BaseException:
        """Add to a failure what has become of the other targets."""
        if not isinstance(error, UpgradeError):
            return error
        untouched = [
            work.target.name
            for work in self.works
            if work.target.name not in (*self.changed, *self.skipped)
            and not (work.swapped or work.troubled)
        ]
        lines = [str(error)]
        lines += [str(other) for other in others if not isinstance(other, StoppedError)]
        if self.changed:
            lines.append(f'  changed and healthy: {", ".join(self.changed)}')
        if untouched:
            lines.append(f'  as before: {", ".join(untouched)}')
        lines.append(
            '  run the same command again when the cause is mended: what is done is skipped'
        )
        return type(error)('\n'.join(lines))

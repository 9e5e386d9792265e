"""Both phases over many targets: everything is prepared before anything is exchanged.

Phase one, ``prepare``, for every target: lock it, check it, back it up, stage the new files,
compile and import them. Phase two, ``switch``, in the order of restarts: exchange, restart, wait
for health.

A failure in phase one leaves every target as it was. A failure in phase two puts that target back,
and those after it are not begun.
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
from upgrade.target.target import State, Target

#: Phase one's answer: this target needs phase two.
Prepare = Callable[[Target], bool]
Switch = Callable[[Target], None]


class Roll:
    """The order of targets, what to do on a failure, and how to report it."""

    def __init__(
        self,
        targets: Sequence[Target],
        progress: Progress,
        stop: threading.Event,
        batch: int,
        forks: int,
    ) -> None:
        self.targets = targets
        self.progress = progress
        self.stop = stop
        self.batch = batch
        self.forks = forks
        self.changed: list[str] = []
        self.skipped: list[str] = []

    def run(self, prepare: Prepare, switch: Switch) -> None:
        ready: list[Target] = []

        def first(target: Target) -> None:
            if prepare(target):
                ready.append(target)
            else:
                self.skipped.append(target.name)

        def second(target: Target) -> None:
            self._switch(target, switch)

        with self._without_interrupts():
            try:
                self._do_for_all(first, self.targets, self.forks)
                order = [target for target in self.targets if target in ready]
                for group in self._groups(order):
                    self._do_for_all(second, group, self.batch)
            finally:
                for target in self.targets:
                    target.release()

    def _switch(self, target: Target, switch: Switch) -> None:
        try:
            switch(target)
        except UpgradeError as error:
            if target.state is not State.SWAPPED:
                raise
            raise type(error)(f'{error}\n  {target.put_back()}') from None
        self.changed.append(target.name)

    def _groups(self, targets: Sequence[Target]) -> Iterable[list[Target]]:
        """Yield each target alone, but computes in batches."""
        group: list[Target] = []
        for target in targets:
            if not target.entry.compute_only or self.batch < 2:
                yield [target]
                continue
            group.append(target)
            if len(group) == self.batch:
                yield group
                group = []
        if group:
            yield group

    def _do_for_all(
        self, do: Callable[[Target], None], targets: Sequence[Target], at_once: int
    ) -> None:
        """Do it for each; raise the first failure when all that had begun have ended."""
        with ThreadPoolExecutor(max(1, at_once)) as pool:
            futures = [pool.submit(self._unless_stopped, do, target) for target in targets]
            self._wait(futures)
        failures = [error for future in futures if (error := future.exception())]
        failures.sort(key=lambda error: isinstance(error, StoppedError))
        if failures:
            raise self._with_summary(failures[0], failures[1:])
        if self.stop.is_set():
            raise self._with_summary(StoppedError('stopped'), [])

    def _unless_stopped(self, do: Callable[[Target], None], target: Target) -> None:
        if self.stop.is_set():
            raise StoppedError(f'{target.name}: not begun')
        do(target)

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
    def _without_interrupts(self) -> Iterator[None]:
        """Ctrl-C asks to stop. As an exception it could come between any two lines."""

        def ask(*_: object) -> None:
            if self.stop.is_set():
                self._say('abandoned; the next apply or rollback recovers every target')
                os._exit(130)
            self.stop.set()
            self._say('stopping when the current steps have ended (Ctrl-C again: at once)')

        former = signal.signal(signal.SIGINT, ask)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, former)

    def _say(self, text: str) -> None:
        """Write without the lock of the progress, which the interrupted line may hold."""
        if not self.progress.quiet:
            os.write(sys.stderr.fileno(), f'{text}\n'.encode())

    def _with_summary(self, error: BaseException, others: Sequence[BaseException]) -> BaseException:
        """Add to a failure what became of the other targets."""
        if not isinstance(error, UpgradeError):
            return error
        untouched = [
            target.name
            for target in self.targets
            if target.name not in (*self.changed, *self.skipped)
            and target.state in (State.UNTOUCHED, State.STAGED, State.RESTORED)
        ]
        lines = [str(error)]
        lines += [str(other) for other in others if not isinstance(other, StoppedError)]
        if self.changed:
            lines.append(f'  changed and healthy: {", ".join(self.changed)}')
        if untouched:
            lines.append(f'  as before: {", ".join(untouched)}')
        lines.append('  fix the cause and run the command again; completed targets are skipped')
        return type(error)('\n'.join(lines))

"""Doing harm to the services of a cloud, and undoing it."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator, Mapping, Sequence

from cloud import command, process, service, settings, waiting


@contextlib.contextmanager
def frozen(pids: Sequence[int]) -> Iterator[None]:
    """Have processes stand still for a while."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


class Faults:
    """The faults of services, each by its label."""

    def __init__(self, services: Mapping[str, service.Service]) -> None:
        self.services = services

    def halt(self, label: str) -> None:
        """Stop a service."""
        self.services[label].stop()

    def kill(self, label: str) -> None:
        """End a service as a crash does, its workers included."""
        pid = self.services[label].daemon().pid
        for member in process.family(pid):
            os.kill(member, signal.SIGKILL)
        if not waiting.until(lambda: process.started(pid) is None, 10):
            raise AssertionError(f'{label} lives on')

    @contextlib.contextmanager
    def frozen(self, label: str) -> Iterator[None]:
        """Have a service hear nothing and say nothing for a while, but be there."""
        with frozen(process.family(self.services[label].daemon().pid)):
            yield

    @contextlib.contextmanager
    def dead(self, label: str) -> Iterator[None]:
        """Have a service dead for a while."""
        self.kill(label)
        try:
            yield
        finally:
            self.resume(label)

    def resume(self, label: str) -> None:
        """Start a service and wait until it answers."""
        self.services[label].start()
        self.services[label].wait()
        self.services[label].settle()

    @contextlib.contextmanager
    def down(self, *labels: str) -> Iterator[None]:
        """Have services stopped for a while."""
        for label in labels:
            self.halt(label)
        try:
            yield
        finally:
            for label in reversed(labels):
                self.resume(label)

    @contextlib.contextmanager
    def stock(self) -> Iterator[None]:
        """Have the cloud run stock Nova for a while, and then the fork again."""
        try:
            self._up('--pristine')
            yield
        finally:
            self._up('--no-pristine')

    @staticmethod
    def _up(option: str) -> None:
        command.run([settings.REPOSITORY / 'cloud' / 'xcloud', 'up', option])

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

    def __init__(self, context: service.Context, services: Mapping[str, service.Service]) -> None:
        self.context = context
        self.services = services

    def parts(self, name: str) -> list[service.Service]:
        """Return all services of a kind, or the one of a label."""
        return [part for part in self.services.values() if name in (part.name, part.label)]

    def halt(self, name: str) -> None:
        """Stop a service."""
        for part in self.parts(name):
            part.stop()

    def kill(self, name: str) -> None:
        """End a service as a crash does, its workers included."""
        pids = self._running(name)
        for pid in pids:
            for member in process.family(pid):
                os.kill(member, signal.SIGKILL)
        if not waiting.until(lambda: not any(map(process.started, pids)), 10):
            raise AssertionError(f'{name} lives on')

    def _running(self, name: str) -> list[int]:
        daemons = [part.daemon() for part in self.parts(name)]
        pids = [daemon.pid for daemon in daemons if daemon is not None and daemon.pid is not None]
        if not pids:
            raise AssertionError(f'nothing runs by the name {name}')
        return pids

    @contextlib.contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """Have a service hear nothing and say nothing for a while, but be there."""
        with frozen([member for pid in self._running(name) for member in process.family(pid)]):
            yield

    @contextlib.contextmanager
    def dead(self, name: str) -> Iterator[None]:
        """Have a service dead for a while."""
        self.kill(name)
        try:
            yield
        finally:
            self.resume(name)

    def resume(self, name: str) -> None:
        """Start a service and wait until it answers."""
        parts = self.parts(name)
        for part in parts:
            part.start()
        for part in parts:
            part.wait()
            part.settle()

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

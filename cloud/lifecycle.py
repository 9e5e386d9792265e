"""Bringing the cloud up and down: which step comes when."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cloud import (
    errors,
    files,
    install,
    locks,
    machine,
    process,
    progress,
    service,
    services,
    settings,
    venv,
)
from cloud.services import host


@dataclasses.dataclass(frozen=True)
class Line:
    """A running or stopped part of the cloud, for ``xcloud status``."""

    label: str
    pid: int | None
    memory: int
    ports: str


class Cloud:
    """The cloud in one state folder."""

    def __init__(self, state: settings.State, reporter: progress.Progress) -> None:
        self.state = state
        self.progress = reporter

    def up(self, changes: dict[str, Any]) -> None:
        """Install, configure and start what has not been; it can be repeated."""
        with self._checked(changes) as installation:
            installation.run()
            self.state.save(installation.context.settings)
            self._run(installation.waves)

    def check(self, changes: dict[str, Any]) -> None:
        """Raise if this machine lacks what ``up`` needs."""
        with self._checked(changes):
            pass

    def chosen(self, changes: dict[str, Any]) -> settings.Settings:
        """Return the settings that ``up`` takes, or say why it cannot."""
        present = self.state.load()
        if present is None:
            return settings.Settings.new(changes)
        return present.following(changes)

    def start(self) -> None:
        """Start what is installed and stopped."""
        context = self.context()
        with self.alone():
            self._run(services.waves(context))

    def stop(self) -> None:
        """End every process of the cloud, servers included; keep what it knows."""
        context = self.context()
        with self.alone(), self.progress.step('stop'):
            self._stop(services.waves(context))

    def restart(self, label: str) -> None:
        """Stop a service, start it, and wait until it answers."""
        part = self._named(label)
        with self.alone(), self.progress.step(f'restart {label}'):
            part.stop()
            part.start()
            part.wait()

    def wipe(self, packages: bool) -> None:
        """Stop, and remove the state folder; fetched packages only when asked to."""
        if not self.state.root.exists():
            return
        with self.alone(), self.progress.step('wipe'):
            try:
                chosen = self.state.load() or settings.Settings()
            except errors.CheckError:
                # Of another version: what its processes are is not known, but
                # they are marked as ours.
                chosen = settings.Settings()
            waves = services.waves(service.Context(self.state, chosen))
            self._stop(waves)
            for part in services.every(waves):
                part.cleanup()
            for entry in self.state.root.iterdir():
                if entry != self.state.packages:
                    _remove(entry)
            if packages:
                shutil.rmtree(self.state.root)

    def context(self) -> service.Context:
        """Return what the services of the present cloud share."""
        chosen = self.state.load()
        if chosen is None:
            raise errors.CheckError('there is no cloud here\nrun `xcloud up` to make one')
        return service.Context(self.state, chosen)

    def environments(self) -> list[venv.Environment]:
        """Return those that Nova runs from."""
        context = self.context()
        return [context.nova(name) for name in services.hosts_of_nova(services.waves(context))]

    def daemons(self) -> dict[str, service.Service]:
        """Return the services of the present cloud that have a process."""
        return {
            part.label: part
            for part in services.every(services.waves(self.context()))
            if part.daemon() is not None
        }

    def status(self, labels: Sequence[str] = ()) -> list[Line]:
        """Say what runs, of these services or of all."""
        chosen = {label: self._named(label) for label in labels} or self.daemons()
        lines = []
        for label, part in chosen.items():
            daemon = part.daemon()
            pid = daemon.pid if daemon else None
            ports = ', '.join(str(port) for port in part.ports().values())
            memory = process.memory(process.family(pid)) if pid else 0
            lines.append(Line(label, pid, memory, ports))
        return lines

    def note(self, label: str) -> str:
        """Return what an operator wants to know of a service beside its process."""
        return self._named(label).note()

    def _named(self, label: str) -> service.Service:
        daemons = self.daemons()
        if label not in daemons:
            raise errors.CheckError(
                f'there is no service {label!r}\nthere are: {", ".join(sorted(daemons))}'
            )
        return daemons[label]

    def processes(self) -> list[int]:
        """Return every process of the cloud: services, their helpers, servers."""
        return process.marked(self.state) + _guests(services.waves(self.context()))

    def environment(self) -> dict[str, str]:
        """Return the variables with which the ``openstack`` client finds the cloud."""
        venv_bin = self.context().venv.bin
        return {
            'OS_CLIENT_CONFIG_FILE': str(self.state / 'clouds.yaml'),
            'OS_CLOUD': 'xcloud',
            'PATH': f'{venv_bin}:{os.environ.get("PATH", os.defpath)}',
        }

    # The steps of `up`.

    @contextlib.contextmanager
    def _checked(self, changes: dict[str, Any]) -> Iterator[install.Installation]:
        machine.check_system()
        chosen = self.chosen(changes)
        locks.check(chosen.release)
        self.state.prepare()
        with self.alone():
            context = service.Context(self.state, chosen)
            installation = install.Installation(context, services.waves(context), self.progress)
            installation.check_space()
            for part in services.every(installation.waves):
                part.check()
            yield installation

    def _run(self, waves: list[services.Wave]) -> None:
        with self.progress.step('configuration'):
            for part in services.every(waves):
                part.configure()
        for wave in waves:
            with self.progress.step(wave.title):
                # Making a schema is work for one CPU, and most machines have two.
                with concurrent.futures.ThreadPoolExecutor(2) as pool:
                    list(pool.map(self._begin, sorted(wave.services, key=self._is_new)))
                for part in wave.services:
                    part.wait()
                    part.settle()

    def _mark_of_init(self, part: service.Service) -> Path:
        return self.state.data('made') / part.label

    def _is_new(self, part: service.Service) -> bool:
        return not self._mark_of_init(part).exists()

    def _begin(self, part: service.Service) -> None:
        if self._is_new(part):
            if part.is_first:
                part.init()
            files.write(self._mark_of_init(part), '')
        part.start()

    def _stop(self, waves: list[services.Wave]) -> None:
        for wave in reversed(waves):
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                list(pool.map(lambda part: part.stop(), wave.services))
        # What the services left, and what those of other settings started.
        leftovers = process.marked(self.state)
        for folder in (self.state / 'hosts').glob('compute*'):
            leftovers += host.guests(folder)
        process.end(leftovers, patience=5)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        with (self.state / 'lock').open('w') as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise errors.CheckError(
                    'another xcloud command is at work on this cloud\nwait until it ends'
                ) from error
            yield


def _guests(waves: list[services.Wave]) -> list[int]:
    return [pid for part in services.every(waves) for pid in part.guests()]


def _remove(entry: Path) -> None:
    if entry.is_dir() and not entry.is_symlink():
        shutil.rmtree(entry)
    else:
        entry.unlink()

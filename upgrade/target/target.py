"""The steps of an upgrade on one target. ``commands`` puts them in order."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Sequence
from enum import Enum, auto
from pathlib import Path

from upgrade.agent.protocol import (
    AppliedFork,
    Clear,
    Commit,
    FindSite,
    InspectHost,
    InspectSite,
    Installation,
    Leftover,
    MakeFolder,
    Manifest,
    Operation,
    Pack,
    Recover,
    Step,
    Swap,
    Undo,
)
from upgrade.errors import StoppedError, TargetError, TransportError, UpgradeError
from upgrade.progress import Progress
from upgrade.target.agents import Agents
from upgrade.target.backups import Backup, Store
from upgrade.target.container import Container
from upgrade.target.health import Health
from upgrade.target.inventory import Service, TargetEntry
from upgrade.target.transport import Transport

#: Beside the package: everything there that belongs to the upgrade.
FOLDER = '.xloud-upgrade'
TRIES = 4  # a container that fails may be restarted again and again in the meantime


class State(Enum):
    """How far a run has come on a target."""

    UNTOUCHED = auto()
    STAGED = auto()  # files lie beside the package; nothing uses them
    SWAPPED = auto()  # the new files are in place, and can be put back
    FINAL = auto()
    RESTORED = auto()  # the old files are back
    NOT_RESTORED = auto()  # the new files are in place and could not be put back
    UNHEALTHY = auto()  # the old files are back, but a service is not healthy


class Target:
    """A target that is connected to, and how far this run has come on it."""

    def __init__(
        self, entry: TargetEntry, transport: Transport, progress: Progress, stop: threading.Event
    ) -> None:
        self.entry = entry
        self.name = entry.name
        self.transport = transport
        self.progress = progress
        self.stop = stop
        self.agents = Agents(entry, transport)
        self.container = Container(entry, self.agents.ask_host) if entry.container else None
        self.health = Health(entry.name, self.agents.shell, self.container)
        self.site = ''
        self.state = State.UNTOUCHED
        self._restarted: list[Service] = []

    def say(self, text: str) -> None:
        self.progress.say(f'  {self.name:<20} {text}')

    def step(self, what: str) -> contextlib.AbstractContextManager[None]:
        """A step begins only while nobody has asked to stop; one that has begun ends."""
        self.check_not_stopped(what)
        return self.progress.step(self.name, what)

    def check_not_stopped(self, what: str) -> None:
        if self.stop.is_set():
            raise StoppedError(f'stopped at {self.name}, before: {what}')

    def locate(self) -> None:
        """Reach the files."""
        try:
            session = self.agents.inside
        except TransportError as error:
            if not self.container or not self.container.has_saved_files():
                raise
            raise TransportError(
                f'{error}\n  an interrupted run left it with new files: run apply or rollback,\n'
                '  which put the old ones back first'
            ) from None
        self.site = session.ask(FindSite(self.entry.site_packages or None))

    def locate_or_recover(self) -> None:
        """Reach the files. A container that an interrupted run left dead is put back first."""
        try:
            self.locate()
        except TransportError:
            if not self.container or not self.container.has_saved_files():
                raise
            self.container.revive()
            self.site = self.container.saved_site()
            self._undo()
            self.say('the old files of the container were put back')
            self._restart_all()
            self.locate()

    def hostname(self) -> str:
        """Return the name that the host has for itself."""
        return self.agents.host.ask(InspectHost()).name

    def inspect(self) -> Installation:
        return self.agents.inside.ask(InspectSite(self.site))

    def recover(self, keep_incoming: bool = False) -> Leftover | None:
        """End what an interrupted run left; return it if its new files are still in place."""
        leftover = self.agents.inside.ask(Recover(self.site, keep_incoming))
        if leftover is None or not leftover.put_back:
            return leftover
        self.say(f'an interrupted {leftover.operation.kind} was put back')
        if leftover.operation.restart:
            self._restart_all()
        return None

    def back_up(self, store: Store, version: str, release: str) -> Backup:
        """Pack the installed nova there and fetch it; it is only kept when it arrived whole."""
        backup = store.new(self.name, version)
        self.state = State.STAGED
        with self.step('back up'):
            packed = self.agents.inside.ask(Pack(self.site))
            path = self.container.copy_out(packed.path) if self.container else packed.path
            self.transport.pull(self.entry.host, path, backup.archive)
            manifest = Manifest(
                self.name,
                self.site,
                version,
                release,
                packed.sha256,
                packed.size,
                packed.files,
                packed.state,
            )
            store.keep(backup, manifest)
        return backup

    def send(self, folder: Path) -> None:
        """Copy the files of a folder beside the package."""
        self.state = State.STAGED
        incoming = f'{self.site}/{FOLDER}/incoming'
        self.agents.inside.ask(MakeFolder(incoming))
        if self.container:
            place = self.container.incoming()
            self.transport.push(self.entry.host, folder, place)
            self.container.copy_in(place, incoming)
        else:
            self.transport.push(self.entry.host, folder, incoming)

    def swap(
        self, staged: Sequence[str], removed: Sequence[str], operation: Operation
    ) -> list[Step]:
        """Exchange the files."""
        request = Swap(self.site, list(staged), list(removed), operation)
        steps = self.agents.inside.ask(request)
        self.take_over()
        return steps

    def take_over(self, restarted: Sequence[Service] = ()) -> None:
        """From here on it can be put back; a container also from outside, should it not run."""
        self.state = State.SWAPPED
        self._restarted = list(restarted)
        if self.container:
            self.container.save_old_files(f'{self.site}/{FOLDER}/run/old', self.site)

    def restart(self, service: Service) -> None:
        """Restart a service and wait until it is, and stays, healthy."""
        with self.progress.step(self.name, f'restart {service.role}'):
            if service not in self._restarted:
                self._restarted.append(service)
            if self.container:
                self.agents.close_inside()
            self.health.restart(service)

    def commit(self, state: AppliedFork | None) -> None:
        self.agents.inside.ask(Commit(self.site, state))
        self.state = State.FINAL
        self._forget()

    def put_back(self) -> str:
        """Restore the old files, and the services that were restarted; return how it went."""
        try:
            with self.progress.step(self.name, 'put back'):
                self._undo()
            for service in list(self._restarted):
                self.restart(service)
        except UpgradeError as error:
            if self.state is State.SWAPPED:
                self.state = State.NOT_RESTORED
                return (
                    f'and {self.name} could not be put back yet: {error}\n'
                    '  run apply or rollback: both continue with that'
                )
            self.state = State.UNHEALTHY
            return f'the files of {self.name} were put back, but {error}\n  check that service'
        return f'{self.name} was put back'

    def release(self) -> None:
        """Remove what was staged and not used, and disconnect."""
        with contextlib.suppress(UpgradeError, OSError):
            if self.agents.locked and self.site and self.state is State.STAGED:
                self.agents.inside.ask(Clear(self.site))
                self._forget()
        self.agents.close()

    def _undo(self) -> None:
        for attempt in range(TRIES):
            try:
                was_there = self.agents.inside.ask(Undo(self.site))
                break
            except TransportError:
                if attempt == TRIES - 1:
                    raise
                time.sleep(attempt)
                self.agents.reconnect()
                if self.container and not self.container.is_running():
                    self.container.revive()
        self.state = State.RESTORED
        self._forget()
        if not was_there:
            raise TargetError(
                f'{self.name}: another run has ended what this one began; check with status'
            )

    def _restart_all(self) -> None:
        for service in self.entry.services:
            self.restart(service)

    def _forget(self) -> None:
        if self.container:
            self.container.remove_saved_files()

"""The steps of an upgrade on one target. ``roll`` puts them in order."""

from __future__ import annotations

import contextlib
import getpass
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from upgrade.errors import ServiceError, StoppedError, TargetError, TransportError, UpgradeError
from upgrade.progress import Progress
from upgrade.target.backups import Backup, Store
from upgrade.target.inventory import Service, Target
from upgrade.target.session import Session
from upgrade.target.transport import Transport

OURS = '.xloud-upgrade'
TRIES = 4  # a container that fails may be started again and again meanwhile


class Work:
    """A target, the connections to it, and how far it has come."""

    def __init__(
        self, target: Target, transport: Transport, shown: Progress, stop: threading.Event
    ) -> None:
        self.target = target
        self.transport = transport
        self.shown = shown
        self.stop = stop
        self.site = ''
        self.locked = self.swapped = self.staged_here = self.troubled = False
        self.restarted: list[Service] = []
        self._host: Session | None = None
        self._inside: Session | None = None

    def step(self, what: str) -> contextlib.AbstractContextManager[None]:
        """A step begins only while nobody has asked to stop; one that has begun ends."""
        self.go_on(what)
        return self.shown.step(self.target.name, what)

    def go_on(self, what: str) -> None:
        if self.stop.is_set():
            raise StoppedError(f'stopped at {self.target.name}, before: {what}')

    @property
    def host(self) -> Session:
        """The agent on the host."""
        if self._host is None:
            target = self.target
            python = ('python3',) if target.container else target.python
            self._host = Session(self.transport, target.host, python, target.name)
        return self._host

    @property
    def inside(self) -> Session:
        """The agent beside the files: the host's own, or one in the container."""
        if not self.target.container:
            return self.host
        if self._inside is None:
            target = self.target
            words = [*target.engine, 'exec', '-i', '-u', target.exec_user, target.container]
            self._inside = Session(
                self.transport, target.host, [*words, *target.python], target.name
            )
        return self._inside

    def close(self) -> None:
        for session in {self._inside, self._host} - {None}:
            with contextlib.suppress(OSError):
                session.close()  # type: ignore[union-attr]
        self._inside = self._host = None
        self.locked = False

    def reconnect(self) -> None:
        was_locked = self.locked
        self.close()
        if was_locked:
            self.lock('put back what an interruption left')

    def lock(self, command: str) -> None:
        who = f'{getpass.getuser()}@{socket.gethostname()} (pid {os.getpid()})'
        holder = {'who': who, 'command': command}
        self.host.ask(
            'lock', folder=self.target.host.state_dir, name=self.target.lock, holder=holder
        )
        self.locked = True

    def need_free(self) -> None:
        """Refuse when somebody else is at work there."""
        self.host.ask('need_free', folder=self.target.host.state_dir, name=self.target.lock)

    def find(self) -> None:
        """Reach the files."""
        try:
            session = self.inside
        except TransportError as error:
            if not self.target.container or not self._was_left():
                raise
            raise TransportError(
                f'{error}\n  it was stopped half-way, with new files: run apply or rollback,\n'
                '  which put the old ones back first'
            ) from None
        self.site = session.ask('site', given=self.target.site_packages or None)['site']

    def find_or_mend(self) -> None:
        """Reach the files. A container that was stopped half-way is put back first."""
        try:
            self.find()
        except TransportError:
            if not self.target.container or not self._was_left():
                raise
            self._revive()
            self.site = self._site_kept()
            self._undo()
            self.shown.say(f'  {self.target.name:<20} what stopped the container was put back')
            self.restart_all()
            self.find()

    def node(self) -> str:
        """The name that the host has for itself."""
        return self.host.ask('host', tools=[], folder='/')['name']

    def facts(self) -> dict[str, Any]:
        return self.inside.ask('facts', site=self.site)

    def recover(self, keep_incoming: bool = False) -> dict[str, Any] | None:
        """End what a former run left; give what it was, if its new files are still in place."""
        left = self.inside.ask('recover', site=self.site, keep_incoming=keep_incoming)
        if left and left['did'] == 'put back':
            what = left['about']['kind']
            self.shown.say(f'  {self.target.name:<20} an interrupted {what} was put back')
            if left['about'].get('restart'):
                self.restart_all()
        return left if left and left['did'] == 'left' else None

    def back_up(self, store: Store, version: str, released: str) -> Backup:
        """Pack the installed nova there and fetch it; it is only kept when it arrived whole."""
        backup = store.new(self.target.name, version)
        self.staged_here = True
        with self.step('back up'):
            about = self.inside.ask('pack', site=self.site)
            path = about.pop('path')
            if self.target.container:
                path = self._out(path, PurePosixPath(path).name)
            self.transport.pull(self.target.host, path, backup.archive)
            about.update(target=self.target.name, version=version, release=released, site=self.site)
            store.keep(backup, about)
        return backup

    def send(self, folder: Path) -> None:
        """Copy a folder's files beside the package."""
        self.staged_here = True
        incoming = f'{self.site}/{OURS}/incoming'
        self.inside.ask('prepare', folder=incoming)
        place = incoming
        if self.target.container:
            place = self._aside('incoming')
            self.host.ask('prepare', folder=place)
        self.transport.push(self.target.host, folder, place)
        if self.target.container:
            self._copy(f'{place}/.', f'{self.target.container}:{incoming}')

    def swap(self, staged: Sequence[str], removed: Sequence[str], about: dict[str, Any]) -> list:
        """Exchange the files; what each step was about."""
        steps = self.inside.ask(
            'swap', site=self.site, staged=list(staged), removed=list(removed), about=about
        )['steps']
        self.keep_old()
        return steps

    def keep_old(self) -> None:
        """From here on it can be put back; a container also from outside, should it not run."""
        self.swapped = True
        if self.target.container:
            self._out(f'{self.site}/{OURS}/run/old', 'old')
            self.host.ask('note', path=self._aside('site'), text=self.site)

    def restart(self, service: Service, healthy: bool = True) -> None:
        """Restart a service and wait until it is, and stays, well."""
        with self.shown.step(self.target.name, f'restart {service.role}'):
            if service not in self.restarted:
                self.restarted.append(service)
            self._leave_container()
            done = self.shell(service.restart, service.timeout)
            if done['status']:
                raise self._unwell(service, 'could not be restarted', service.restart, done)
            if healthy:
                self.await_health(service)

    def restart_all(self) -> None:
        for service in self.target.services:
            self.restart(service)

    def await_health(self, service: Service) -> None:
        end = time.monotonic() + service.timeout
        well_since: float | None = None
        started = ''
        while True:
            done = self.shell(service.health, max(5.0, service.timeout))
            now = time.monotonic()
            if done['status']:
                if well_since is not None:
                    raise self._unwell(service, 'came up and failed', service.health, done)
                if now > end:
                    what = f'does not come back within {service.timeout:.0f} s'
                    raise self._unwell(service, what, service.health, done)
            else:
                if well_since is None:
                    well_since, started = now, self._started()
                if now - well_since >= service.settle:
                    break
            time.sleep(min(1.0, max(0.1, service.settle / 5)))
        if self._started() != started:
            done = {'status': 0, 'said': self._logs()}
            raise self._unwell(service, 'is being started again and again', service.health, done)

    def commit(self, state: dict[str, Any] | None) -> None:
        self.inside.ask('commit', site=self.site, state=state)
        self.swapped = False
        self._forget()

    def put_back(self) -> str:
        """Bring the old files back, and the services that were restarted; how it went."""
        name = self.target.name
        try:
            with self.shown.step(name, 'put back'):
                self._undo()
            for service in list(self.restarted):
                self.restart(service)
        except UpgradeError as error:
            self.troubled = True
            if self.swapped:
                return (
                    f'and {name} could not be put back yet: {error}\n'
                    '  run apply or rollback: both go on with that'
                )
            return f'the files of {name} were put back, but {error}\n  see to that service'
        return f'{name} was put back'

    def release(self) -> None:
        """Leave no trace of what was staged and not used."""
        with contextlib.suppress(UpgradeError, OSError):
            if self.locked and self.site and self.staged_here and not self.swapped:
                self.inside.ask('clear', site=self.site)
                self._forget()
        self.close()

    def _undo(self) -> None:
        for attempt in range(TRIES):
            try:
                was_there = self.inside.ask('undo', site=self.site)
                break
            except TransportError:
                if attempt == TRIES - 1:
                    raise
                time.sleep(attempt)
                self.reconnect()
                if self.target.container and not self._runs():
                    self._revive()
        self.swapped = False
        self._forget()
        if not was_there:
            raise TargetError(
                f'{self.target.name}: another run has meanwhile ended what this one began; '
                'see status'
            )

    def _was_left(self) -> bool:
        """Whether a run was cut off that had exchanged the files of this container."""
        return self._quietly(['test', '-s', self._aside('site')])['status'] == 0

    def _revive(self) -> None:
        """Start a container that fails with new files: its old ones are laid over them first."""
        target = self.target
        if self._was_left():
            self._copy(f'{self._aside("old")}/.', f'{target.container}:{self._site_kept()}')
        self._run([*target.engine, 'start', target.container])
        self._wait(self._runs)

    def _site_kept(self) -> str:
        return self._run(['cat', self._aside('site')]).strip()

    def _runs(self) -> bool:
        return self._inspect('{{.State.Running}}') == 'true'

    def _started(self) -> str:
        return self._inspect('{{.State.StartedAt}}') if self.target.container else ''

    def _logs(self) -> str:
        words = [*self.target.engine, 'logs', '--tail', '10', self.target.container]
        return self._quietly(words)['said']

    def _inspect(self, what: str) -> str:
        words = [*self.target.engine, 'inspect', '--format', what, self.target.container]
        done = self._quietly(words)
        return done['said'].strip() if done['status'] == 0 else ''

    def _wait(self, true: Callable[[], bool], seconds: float = 10) -> bool:
        end = time.monotonic() + seconds
        while not true():
            if time.monotonic() > end:
                return False
            time.sleep(0.5)
        return True

    def _leave_container(self) -> None:
        """A restart would end the agent in the container; it is started anew when needed."""
        if self.target.container and self._inside is not None:
            self._inside.close()
            self._inside = None

    def shell(self, command: str, timeout: float = 60) -> dict[str, Any]:
        """Run a command in the host's shell."""
        return self._quietly(['sh', '-c', command], timeout)

    def shell_inside(self, command: str, timeout: float = 60) -> dict[str, Any]:
        """Run a command where the files are: in the container, if there is one."""
        argv = ['sh', '-c', command]
        return self.inside.ask('run', patience=timeout + 60, argv=argv, timeout=timeout)

    def _quietly(self, argv: Sequence[str], timeout: float = 300) -> dict[str, Any]:
        return self.host.ask('run', patience=timeout + 60, argv=list(argv), timeout=timeout)

    def _run(self, argv: Sequence[str]) -> str:
        done = self._quietly(argv)
        if done['status']:
            command = ' '.join(argv)
            raise TargetError(
                f'{self.target.name}: this command ended with status {done["status"]}:\n'
                f'  {command}\n{_quoted(done["said"])}'
            )
        return done['said']

    def _aside(self, name: str) -> str:
        return f'{self.target.host.state_dir}/{self.target.lock}/{name}'

    def _out(self, path: str, name: str) -> str:
        """Copy a file or a folder out of the container, to its host."""
        place = self._aside(name)
        self.host.ask('remove', path=place)
        self.host.ask('prepare', folder=self._aside(''))
        self._copy(f'{self.target.container}:{path}', place)
        return place

    def _copy(self, source: str, target: str) -> None:
        self._run([*self.target.engine, 'cp', source, target])

    def _forget(self) -> None:
        if self.target.container:
            self.host.ask('remove', path=self._aside(''))

    def _unwell(
        self, service: Service, what: str, command: str, done: dict[str, Any]
    ) -> ServiceError:
        return ServiceError(
            f'{self.target.name}: {service.role} {what}\n'
            f'  {command}\n  ended with status {done["status"]}\n{_quoted(done["said"])}'
        )


def _quoted(text: str, lines: int = 10) -> str:
    return '\n'.join(f'  | {line}' for line in text.strip().splitlines()[-lines:])

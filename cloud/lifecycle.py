"""Bringing the cloud up and down: which step comes when."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import fcntl
import hashlib
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cloud import debian, errors, files, process, progress, service, services, settings, venv
from cloud.services import host

#: Needed only to build Python packages.
_BUILD_PACKAGES = ('gcc', 'pkg-config', 'libssl-dev', 'libvirt-dev', 'python3-dev')

_GIB = 1 << 30
_SPACE = {'with everything to fetch': 5 * _GIB, 'with packages there': 1 * _GIB}


@dataclasses.dataclass(frozen=True)
class Line:
    """A running or stopped part of the cloud, for ``xcloud status``."""

    label: str
    pid: int | None
    memory: int
    ports: str


class Cloud:
    """The cloud in one state folder."""

    def __init__(self, state: settings.State, shown: progress.Progress) -> None:
        self.state = state
        self.shown = shown

    def up(self, changes: dict[str, Any]) -> None:
        """Install, configure and start what is not; repeat it at will."""
        chosen = self._chosen(changes)
        self.state.prepare()
        with self._alone():
            context = service.Context(self.state, chosen)
            context.venv.check()
            waves = services.waves(context)
            self.check_space(context)
            for each in _all(waves):
                each.check()
            self._install(context, waves)
            self.state.save(chosen)
            self._run(waves)

    def start(self) -> None:
        """Start what is installed and stopped."""
        context = self.context()
        with self._alone():
            self._run(services.waves(context))

    def stop(self) -> None:
        """End every process of the cloud, servers included; keep what it knows."""
        context = self.context()
        with self._alone(), self.shown.step('stop'):
            self._stop(services.waves(context))

    def restart(self, label: str) -> None:
        """Stop a service, start it, and wait until it answers."""
        each = self._named(label)
        with self._alone(), self.shown.step(f'restart {label}'):
            each.stop()
            each.start()
            each.wait()

    def wipe(self, packages: bool) -> None:
        """Stop, and remove the state folder; fetched packages only when asked to."""
        if not self.state.root.exists():
            return
        with self._alone(), self.shown.step('wipe'):
            try:
                chosen = self.state.load() or settings.Settings()
            except errors.CheckError:
                # Of another version: what its processes are is not known, but
                # they are marked as ours.
                chosen = settings.Settings()
            waves = services.waves(service.Context(self.state, chosen))
            self._stop(waves)
            for each in _all(waves):
                each.cleanup()
            for entry in self.state.root.iterdir():
                if entry != self.state.packages:
                    _remove(entry)
            if packages:
                shutil.rmtree(self.state.root)

    def context(self) -> service.Context:
        """Give what the services of the present cloud share."""
        chosen = self.state.load()
        if chosen is None:
            raise errors.CheckError('there is no cloud here\nrun `xcloud up` to make one')
        return service.Context(self.state, chosen)

    def environments(self) -> list[venv.Environment]:
        """Give those that Nova runs from."""
        context = self.context()
        return [context.nova(name) for name in _hosts_of_nova(services.waves(context))]

    def daemons(self) -> dict[str, service.Service]:
        """Give the services of the present cloud that have a process."""
        return {
            each.label: each
            for each in _all(services.waves(self.context()))
            if each.daemon() is not None
        }

    def status(self, labels: Sequence[str] = ()) -> list[Line]:
        """Say what runs, of these services or of all."""
        chosen = {label: self._named(label) for label in labels} or self.daemons()
        lines = []
        for label, each in chosen.items():
            daemon = each.daemon()
            pid = daemon.pid if daemon else None
            ports = ', '.join(str(port) for port in each.ports().values())
            memory = process.memory(process.family(pid)) if pid else 0
            lines.append(Line(label, pid, memory, ports))
        return lines

    def _named(self, label: str) -> service.Service:
        known = self.daemons()
        if label not in known:
            raise errors.CheckError(
                f'there is no service {label!r}\nthere are: {", ".join(sorted(known))}'
            )
        return known[label]

    def processes(self) -> list[int]:
        """Give every process of the cloud: services, their helpers, servers."""
        return process.marked(self.state) + _guests(services.waves(self.context()))

    def environment(self) -> dict[str, str]:
        """Give the variables with which the ``openstack`` client finds the cloud."""
        venv_bin = self.context().venv.bin
        return {
            'OS_CLIENT_CONFIG_FILE': str(self.state / 'clouds.yaml'),
            'OS_CLOUD': 'xcloud',
            'PATH': f'{venv_bin}:{os.environ.get("PATH", os.defpath)}',
        }

    def e2e(self, given: Sequence[str], short: bool) -> tuple[list[str], dict[str, str]]:
        """Give the command that runs the end-to-end tests, and its environment."""
        environment = {
            **os.environ,
            **self.environment(),
            'PYTHONPATH': str(settings.REPOSITORY),
            'PYTHONDONTWRITEBYTECODE': '1',
        }
        python = str(self.context().venv.python)
        return [python, *e2e_arguments(given, short)], environment

    # The steps of `up`.

    def _chosen(self, changes: dict[str, Any]) -> settings.Settings:
        present = self.state.load()
        if present is None:
            return settings.Settings(**changes)
        return present.following(changes)

    def check_space(self, context: service.Context) -> None:
        fetched = context.venv.is_installed()
        what = 'with packages there' if fetched else 'with everything to fetch'
        free = shutil.disk_usage(self.state.root).free
        if free < _SPACE[what]:
            raise errors.CheckError(
                f'{self.state.root} has {free / _GIB:.1f} GiB of free disk; '
                f'{what} a cloud takes {_SPACE[what] / _GIB:.0f} GiB\nfree some'
            )

    def _install(self, context: service.Context, waves: list[services.Wave]) -> None:
        log = self.state.log('install')
        wanted = {name for each in _all(waves) for name in each.packages}
        if not context.venv.is_installed():
            wanted.update(_BUILD_PACKAGES)
        absent = debian.missing(sorted(wanted))
        if absent:
            with self.shown.step(f'Debian packages: {len(absent)} to install'):
                debian.install(absent, log)
        with self.shown.step(f'Python packages of release {context.settings.release}'):
            context.venv.install()
            context.venv.install_client()
        self._install_nova(context, waves)
        self._separate(context, waves)
        with self.shown.step('guest'):
            for each in _all(waves):
                each.install()

    def _install_nova(self, context: service.Context, waves: list[services.Wave]) -> None:
        version = context.venv.pristine_version()
        what: str | Path = f'nova=={version}'
        identity = version
        if not context.settings.pristine:
            what = _wheel(version, context.settings.release)
            digest = hashlib.sha256(what.read_bytes()).hexdigest()
            identity = f'{what.name} {digest}'
            version = what.name.split('-')[1]
        stamp = context.venv.stamp
        # Somebody may have exchanged Nova by hand: what is installed counts, too.
        known = stamp.exists() and stamp.read_text() == identity
        if known and context.venv.nova_version() == version:
            return
        with self.shown.step(f'Nova: {what if isinstance(what, str) else what.name}'):
            for each in _of_nova(waves):
                each.stop()
            stamp.unlink(missing_ok=True)
            context.venv.install_nova(what)
            files.write(stamp, identity)

    def _separate(self, context: service.Context, waves: list[services.Wave]) -> None:
        """Give each host its own Nova, once for each that the packages have."""
        if not context.settings.separate:
            return
        for name in _hosts_of_nova(waves):
            own = venv.Separate(self.state, name, context.venv)
            if not own.is_of_packages():
                with self.shown.step(f'Nova of {name}'):
                    for each in _of_nova(waves):
                        if each.host == name:
                            each.stop()
                    own.make()

    def _run(self, waves: list[services.Wave]) -> None:
        with self.shown.step('configuration'):
            for each in _all(waves):
                each.configure()
        for wave in waves:
            with self.shown.step(wave.title):
                # Making a schema is work for one CPU, and most machines have two.
                with concurrent.futures.ThreadPoolExecutor(2) as pool:
                    list(pool.map(self._begin, sorted(wave.services, key=self._is_new)))
                for each in wave.services:
                    each.wait()
                    each.settle()

    def _made(self, each: service.Service) -> Path:
        return self.state.data('made') / each.label

    def _is_new(self, each: service.Service) -> bool:
        return not self._made(each).exists()

    def _begin(self, each: service.Service) -> None:
        if self._is_new(each):
            each.init()
            files.write(self._made(each), '')
        each.start()

    def _stop(self, waves: list[services.Wave]) -> None:
        for wave in reversed(waves):
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                list(pool.map(lambda each: each.stop(), wave.services))
        # What the services left, and what those of other settings started.
        left = process.marked(self.state)
        for folder in (self.state / 'hosts').glob('compute*'):
            left += host.guests(folder)
        process.end(left, patience=5)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        with (self.state / 'lock').open('w') as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise errors.CheckError(
                    'another xcloud command is at work on this cloud\nwait until it ends'
                ) from error
            yield


def e2e_arguments(given: Sequence[str], short: bool = False) -> list[str]:
    """Give what Python is called with to run the end-to-end tests, of these or of all."""
    arguments = ['-m', 'pytest', '-p', 'no:cacheprovider']
    # Those of the packages that the client is made of.
    arguments += ['-W', 'ignore::DeprecationWarning', '--tb', 'short']
    arguments += ['-m', 'short'] if short else []
    # Without a path, pytest would load the tests of the whole repository.
    named = any((settings.REPOSITORY / word.partition('::')[0]).exists() for word in given)
    return [*arguments, *([] if named else [str(settings.E2E)]), *given]


def _all(waves: list[services.Wave]) -> list[service.Service]:
    return [each for wave in waves for each in wave.services]


def _of_nova(waves: list[services.Wave]) -> list[service.Service]:
    return [each for each in _all(waves) if each.runs_nova]


def _hosts_of_nova(waves: list[services.Wave]) -> list[str]:
    return sorted({each.host for each in _of_nova(waves)})


def _guests(waves: list[services.Wave]) -> list[int]:
    return [pid for each in _all(waves) for pid in each.guests()]


def _wheel(version: str, release: str) -> Path:
    folder = settings.REPOSITORY / 'dist'
    wheels = folder.glob(f'nova-{version}+xloud.*.whl')
    newest = max(wheels, key=lambda file: file.stat().st_mtime, default=None)
    if newest is None:
        raise errors.CheckError(
            f'there is no wheel of the fork: {folder}/nova-{version}+xloud.*.whl\n'
            f'run `python -m graft wheel --release {release}`, '
            'or use stock Nova with `xcloud up --pristine`'
        )
    return newest


def _remove(entry: Path) -> None:
    if entry.is_dir() and not entry.is_symlink():
        shutil.rmtree(entry)
    else:
        entry.unlink()


def check_machine() -> None:
    """Raise when this is no machine, or no user, for any of it."""
    if sys.platform != 'linux':
        raise errors.CheckError('this tool needs Linux, Debian 12 for choice')
    if os.geteuid() != 0:
        raise errors.CheckError(
            'this needs root: for namespaces, libvirt and Debian packages\nrun it as root'
        )

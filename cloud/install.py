"""Bringing onto the machine what a cloud takes: packages, Nova, the guest."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from cloud import debian, errors, files, progress, service, services, settings, venv
from cloud.guest import distribution

#: Needed only to build Python packages.
_BUILD_PACKAGES = ('gcc', 'pkg-config', 'libssl-dev', 'libvirt-dev', 'python3-dev')

_GIB = 1 << 30
SPACE = {'with everything to fetch': 5 * _GIB, 'with packages there': 1 * _GIB}


class Installation:
    """What one cloud needs installed, and the installing of it."""

    def __init__(
        self, context: service.Context, waves: list[services.Wave], reporter: progress.Progress
    ) -> None:
        self.context = context
        self.waves = waves
        self.state = context.state
        self.progress = reporter

    def check_space(self) -> None:
        """Raise unless there is disk for it."""
        fetched = self.context.venv.is_installed()
        what = 'with packages there' if fetched else 'with everything to fetch'
        free = shutil.disk_usage(self.state.root).free
        if free < SPACE[what]:
            raise errors.CheckError(
                f'{self.state.root} has {free / _GIB:.1f} GiB of free disk; '
                f'{what} a cloud takes {SPACE[what] / _GIB:.0f} GiB\nfree some'
            )

    def run(self) -> None:
        """Install what is missing; repeat it at will."""
        log = self.state.log('install')
        packages = {name for part in services.every(self.waves) for name in part.packages}
        if not self.context.venv.is_installed():
            packages.update(_BUILD_PACKAGES)
        absent = debian.missing(sorted(packages))
        if absent:
            with self.progress.step(f'Debian packages: {len(absent)} to install'):
                debian.install(absent, log)
        with self.progress.step(f'Python packages of release {self.context.settings.release}'):
            self.context.venv.install()
            self.context.venv.install_client()
        self._exchange_nova()
        self._separate()
        with self.progress.step('guest, dashboard' if self.context.settings.dashboard else 'guest'):
            for part in services.every(self.waves):
                part.install()
        if self.context.settings.distributions:
            distribution.Disks(self.state).build(self.progress)

    def _exchange_nova(self) -> None:
        version = self.context.venv.pristine_version()
        what: str | Path = f'nova=={version}'
        identity = version
        if not self.context.settings.pristine:
            what = _wheel(version, self.context.settings.release)
            digest = hashlib.sha256(what.read_bytes()).hexdigest()
            identity = f'{what.name} {digest}'
            version = what.name.split('-')[1]
        stamp = self.context.venv.stamp
        # An operator may have exchanged Nova by hand: what is installed counts, too.
        is_noted = stamp.exists() and stamp.read_text() == identity
        if is_noted and self.context.venv.nova_version() == version:
            return
        with self.progress.step(f'Nova: {what if isinstance(what, str) else what.name}'):
            for part in services.of_nova(self.waves):
                part.stop()
            stamp.unlink(missing_ok=True)
            self.context.venv.install_nova(what)
            files.write(stamp, identity)

    def _separate(self) -> None:
        """Return each host its own Nova, once for each that the packages have."""
        if not self.context.settings.separate:
            return
        for name in services.hosts_of_nova(self.waves):
            own = venv.Separate(self.state, name, self.context.venv)
            if not own.is_of_packages():
                with self.progress.step(f'Nova of {name}'):
                    for part in services.of_nova(self.waves):
                        if part.host == name:
                            part.stop()
                    own.make()


def _wheel(version: str, release: str) -> Path:
    folder = settings.REPOSITORY / 'dist'
    wheels = folder.glob(f'nova-{version}+xloud.*.whl')
    newest = max(wheels, key=lambda file: file.stat().st_mtime, default=None)
    if newest is None:
        raise errors.CheckError(
            f'there is no wheel of the fork: {folder}/nova-{version}+xloud.*.whl\n'
            f'run `make wheel RELEASE={release}`, '
            'or use stock Nova with `xcloud up --pristine`'
        )
    return newest

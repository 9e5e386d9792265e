"""The virtual environments that services and the client run in."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from typing import ClassVar

from cloud import command, errors, files, locks, settings


class Environment:
    """Where programs are run from, and the Nova that they are of."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def bin(self) -> Path:
        return self.root / 'bin'

    @property
    def python(self) -> Path:
        return self.bin / 'python'

    @property
    def site(self) -> Path:
        """The folder that packages are installed in."""
        (match,) = self.root.glob('lib/python*/site-packages')
        return match

    @property
    def stamp(self) -> Path:
        """The file that says which Nova was put there."""
        return self.root / 'nova.txt'

    def nova_version(self) -> str | None:
        """Return the version of the Nova that is installed."""
        for folder in self.root.glob('lib/python*/site-packages/nova-*.dist-info'):
            return folder.name.removeprefix('nova-').removesuffix('.dist-info')
        return None


class Locked(Environment):
    """An environment that has what a lock names."""

    #: Whether what is built there needs the setuptools of the lock as well.
    builds_with_lock: ClassVar[bool] = False

    def __init__(self, state: settings.State, root: Path, lock: Path) -> None:
        super().__init__(root)
        self.state = state
        self.lock = lock

    @property
    def _installed(self) -> Path:
        return self.root / 'installed.txt'

    def is_installed(self) -> bool:
        """Return whether all that the lock names was installed."""
        stamp = self._installed
        return stamp.exists() and _pins(stamp.read_text()) == _pins(self.lock.read_text())

    def install(self) -> None:
        """Install what the lock names, unless it was."""
        if self.is_installed():
            return
        self._installed.unlink(missing_ok=True)
        pins = self.lock.read_text()
        log = self.state.log('install')
        # Always from the beginning: an interruption may have left half an environment.
        command.run([sys.executable, '-m', 'venv', '--clear', self.root], log=log)
        # The lock is complete, so there is nothing to resolve. Some packages
        # that are built here still need setuptools of the lock's age, and a
        # wheel that needs no other package.
        tools = [line for line in pins.splitlines() if line.startswith('setuptools==')]
        tools.append('wheel==0.45.1')
        pip: list[str | Path] = [
            self.bin / 'pip',
            'install',
            '--no-deps',
            '--disable-pip-version-check',
        ]
        command.run([*pip, *tools], log=log)
        # It loads the library of the Python it was built with; pip's cache knows but the version.
        embedding = [line for line in pins.splitlines() if line.startswith('uWSGI==')]
        if embedding:
            command.run([*pip, '--no-cache-dir', *embedding], log=log)
        constraint = {'PIP_CONSTRAINT': str(self.lock)} if self.builds_with_lock else {}
        command.run([*pip, '-r', self.lock], log=log, env=constraint)
        files.write(self._installed, pins)

    def install_own(self, source: Path) -> None:
        """Add a package of the project, in editable mode: it follows its source."""
        stamp = self.root / f'{source.name}.txt'
        # All that is copied of it are its entry points.
        version = f'{source}\n{(source / "pyproject.toml").read_text()}'
        if stamp.exists() and stamp.read_text() == version:
            return
        command.run(
            [
                self.bin / 'pip', 'install', '--no-deps', '--no-build-isolation',
                '--disable-pip-version-check', '--editable', source,
            ],
            log=self.state.log('install'),
        )  # fmt: skip
        files.write(stamp, version)


class Venv(Locked):
    """One environment per release; only its Nova is ever exchanged."""

    def __init__(self, state: settings.State, release: str) -> None:
        super().__init__(state, state.packages / f'venv-{release}', locks.path(release))
        self.release = release

    def share(self, *parts: str) -> Path:
        """Return a file that a package put under ``etc`` of the environment."""
        return self.root.joinpath('etc', *parts)

    def install(self) -> None:
        """Install what the lock names, unless it was."""
        locks.check(self.release)
        super().install()

    def copy(self, other: Venv) -> None:
        """Be what another environment of the release is, unless something is there."""
        if self.root.exists() or not other.is_installed():
            return
        aside = self.root.with_name(f'{self.root.name}.new')
        shutil.rmtree(aside, ignore_errors=True)
        shutil.copytree(other.root, aside, symlinks=True)
        for program in (aside / 'bin').iterdir():
            if program.is_file() and not program.is_symlink():
                _copy_program(program, program, other, self)
        aside.rename(self.root)

    def install_client(self) -> None:
        """Add the project's own commands to ``openstack``."""
        self.install_own(settings.REPOSITORY / 'client')

    def pristine_version(self) -> str:
        """Return the version of the Nova release that the fork is of."""
        match = re.search(r'^nova==(\S+)$', self.lock.read_text(), re.MULTILINE)
        if match is None:
            raise errors.CheckError(f'{self.lock} has no line `nova==VERSION`')
        return match[1]

    def install_nova(self, what: str | Path) -> None:
        """Put a Nova in the place of the one that is there."""
        command.run(
            [
                self.bin / 'pip', 'install', '--no-deps', '--force-reinstall',
                '--disable-pip-version-check', what,
            ],
            log=self.state.log('install'),
        )  # fmt: skip


def _pins(lock: str) -> list[str]:
    return [line for line in lock.splitlines() if not line.startswith('#')]


class Separate(Environment):
    """The environment of one host: a copy of Nova, and over it all other packages."""

    def __init__(self, state: settings.State, host: str, packages: Venv) -> None:
        super().__init__(state / 'venvs' / host)
        self.state = state
        self.packages = packages

    def is_of_packages(self) -> bool:
        """Return whether it was made of the Nova that the packages have now."""
        return self.stamp.exists() and self.stamp.read_text() == self.packages.stamp.read_text()

    def make(self) -> None:
        """Make it, whatever is there."""
        words = [sys.executable, '-m', 'venv', '--clear', '--without-pip', self.root]
        command.run(words, log=self.state.log('install'))
        for part in self.packages.site.glob('nova*'):
            shutil.copytree(part, self.site / part.name)
        # Its own folder comes first in the search, and so its own Nova.
        (self.site / 'packages.pth').write_text(f'{self.packages.site}\n')
        for program in self.packages.bin.iterdir():
            copy = self.bin / program.name
            if program.is_file() and not copy.exists():
                _copy_program(program, copy, self.packages, self)
        files.write(self.stamp, self.packages.stamp.read_text())


def _copy_program(program: Path, copy: Path, before: Environment, after: Environment) -> None:
    """Copy a program of one environment so that it runs from another."""
    content = program.read_bytes()
    if content.startswith(b'#!'):
        content = content.replace(bytes(before.python), bytes(after.python))
    copy.write_bytes(content)
    copy.chmod(0o755)

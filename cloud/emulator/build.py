"""Making the library that is preloaded into libvirtd and QEMU: its sources say what it repairs."""

from __future__ import annotations

import hashlib
import re
import shlex
from pathlib import Path

from cloud import command, errors, files, settings

_FOLDER = Path(__file__).resolve().parent
_SOURCES = sorted(_FOLDER.glob('*.c'))
_FRONT = _FOLDER / 'qemu'
_QEMU = 'qemu-system-x86_64'

#: The first Linux that takes CPUs later only from a hypervisor that it knows.
_NEEDS_NAME = (6, 9)


class Library:
    """The library, made for the QEMU that is installed."""

    #: What it takes to make it.
    packages = ('gcc', 'libc6-dev')

    def __init__(self, state: settings.State) -> None:
        self.folder = state.packages / 'emulator'
        self.log = state.log('install')
        self.file = self.folder / 'repairs.so'

    def build(self) -> None:
        """Make it when it is missing, or older than its sources or QEMU."""
        major = major_version(command.run([_QEMU, '--version']))
        text = b''.join(source.read_bytes() for source in _SOURCES)
        recipe = f'{major} {hashlib.sha256(text).hexdigest()}'
        stamp = self.folder / 'recipe'
        if stamp.exists() and stamp.read_text() == recipe:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        # Aside, then in place: running guests have the old one mapped.
        aside = self.file.with_suffix('.new')
        command.run(
            [
                'gcc', '-std=gnu11', '-O2', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC',
                f'-DQEMU_MAJOR={major}', '-o', aside, *_SOURCES,
            ],
            log=self.log,
        )  # fmt: skip
        aside.replace(self.file)
        files.write(stamp, recipe)


class Front:
    """The program that is run in the place of QEMU, where guests need to be shown a name."""

    #: What it stands before.
    qemu = Path('/usr/bin') / _QEMU

    def __init__(self, state: settings.State) -> None:
        folder = state.packages / 'emulator'
        self.file = folder / 'qemu'
        #: Where QEMU itself is to be found behind it.
        self.real = folder / 'bin' / 'real'

    @staticmethod
    def is_needed(linux: tuple[int, int]) -> bool:
        """Return whether guests with such a kernel are to be shown a name."""
        return linux >= _NEEDS_NAME

    def build(self) -> None:
        """Write it, and a file for QEMU to be mounted over."""
        text = _FRONT.read_text().replace('@REAL@', shlex.quote(str(self.real)))
        files.write(self.file, text, 0o755)
        self.real.parent.mkdir(exist_ok=True)
        self.real.touch()
        # QEMU looks for its modules and firmware from where it is itself.
        for name in ('lib', 'share'):
            link = self.real.parent.with_name(name)
            if not link.is_symlink():
                link.symlink_to(f'/usr/{name}')


def major_version(text: str) -> int:
    """Return the first number of the version that QEMU says it has."""
    version = re.search(r'version (\d+)\.', text)
    if version is None:
        raise errors.CheckError(f'{_QEMU} shows no version:\n{text.rstrip()}')
    return int(version[1])

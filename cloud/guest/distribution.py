"""Making disks of real distributions from Debian packages, as a person would install them.

Each has systemd, its own kernel, GRUB, a console and the guest agent. One of two has the package
`xloud-guest` as well. Nothing else is changed in them but for a service that says on the console,
each second, what a program in the guest sees: the line that the cloud's own guest prints. Where the
package is, a hook says on the console that it has run.

One more has programs that look at the CPUs and the memory, and load for them. Its guest agent takes
commands, so that tests can see what those programs do.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cloud import command, errors, files, progress, settings

_MIB = 1 << 20
_FIRST = _MIB

_PACKAGES = (
    'systemd-sysv', 'udev', 'dbus', 'kmod', 'linux-image-cloud-amd64', 'initramfs-tools',
    'grub-pc-bin', 'grub2-common', 'qemu-guest-agent',
)  # fmt: skip
#: A web server, a database, a JVM with a shell of its own, Python, and load.
_PROGRAMS = (
    'nginx', 'postgresql', 'default-jre-headless', 'bsh', 'python3', 'procps', 'stress-ng',
)  # fmt: skip
#: Their folders stay: installing a JVM makes links in one.
_LEFT_OUT = ('man', 'doc', 'locale')

_GRUB = """GRUB_TIMEOUT=0
GRUB_TERMINAL=console
GRUB_CMDLINE_LINUX="console=ttyS0"
"""
_MODULES = ('biosdisk', 'part_msdos', 'ext2', 'normal', 'linux', 'search', 'search_fs_uuid')

_SAYS = """#!/bin/sh
while :; do
    read -r _ memory _ < /proc/meminfo
    read -r seconds _ < /proc/uptime
    echo "guest: cpus=$(nproc) memory_kb=$memory seconds=${seconds%.*}"
    sleep 1
done
"""
_UNIT = """[Unit]
Description=Says each second what programs see
[Service]
ExecStart=/usr/local/bin/says
StandardOutput=tty
TTYPath=/dev/console
[Install]
WantedBy=multi-user.target
"""
_HOOK = """#!/bin/sh
echo "hook: cpus=$XLOUD_CPUS before=$XLOUD_CPUS_BEFORE memory_kb=$XLOUD_MEMORY_KIB" > /dev/console
"""
#: In place of the settings of `xloud-guest`, which leaves those of others alone.
_AGENT = """[general]
verbose=false
"""
_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'


class Kind(NamedTuple):
    """A distribution, with our package or without, and maybe with programs."""

    name: str
    suite: str
    has_package: bool
    programs: tuple[str, ...] = ()

    @property
    def system(self) -> str:
        """The name of what is installed, which kinds share."""
        return f'{self.suite}-programs' if self.programs else self.suite

    @property
    def packages(self) -> tuple[str, ...]:
        return (*_PACKAGES, *self.programs)

    @property
    def disk_mib(self) -> int:
        return 2048 if self.programs else 1024


PROGRAMS = Kind('debian-13-programs', 'trixie', True, _PROGRAMS)
KINDS = [
    *(
        Kind(f'debian-{version}{"-xloud" if has_package else ""}', suite, has_package)
        for version, suite in (('12', 'bookworm'), ('13', 'trixie'))
        for has_package in (False, True)
    ),
    PROGRAMS,
]


class Disks:
    """The disks of all kinds, each made once."""

    #: What it takes to make them.
    packages = (
        'mmdebstrap', 'e2fsprogs', 'fdisk', 'mount', 'qemu-utils', 'dpkg', 'tar',
    )  # fmt: skip

    def __init__(self, state: settings.State) -> None:
        self.folder = state.packages / 'distributions'
        self.log = state.log('install')

    def disk(self, kind: Kind) -> Path:
        return self.folder / f'{kind.name}.qcow2'

    def build(self, reporter: progress.Progress) -> None:
        """Make what is missing, or older than its recipe."""
        self.folder.mkdir(parents=True, exist_ok=True)
        recipe = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
        for kind in KINDS:
            package = self._package() if kind.has_package else None
            own = recipe
            if package is not None:
                own += hashlib.sha256(package.read_bytes()).hexdigest()
            stamp = self.folder / f'{kind.name}.recipe'
            if stamp.exists() and stamp.read_text() == own and self.disk(kind).exists():
                continue
            system = self._system(kind, reporter)
            with reporter.step(f'disk of {kind.name}'):
                self._make(kind, system, package)
            files.write(stamp, own)

    @property
    def tarball(self) -> Path:
        """The package for systems that have it not, of the same build."""
        return next((self.folder / 'package').glob('*.tar.gz'))

    def _package(self) -> Path:
        """Build `xloud-guest` as `make guest` does."""
        folder = self.folder / 'package'
        shutil.rmtree(folder, ignore_errors=True)
        # It fails when it lacks the tool for another format, having built this one.
        words = [sys.executable, '-m', 'guest.build', str(folder)]
        done = subprocess.run(
            words, cwd=settings.REPOSITORY, capture_output=True, text=True, check=False
        )
        package = next(folder.glob('*.deb'), None)
        if package is None:
            raise errors.CommandError(words, done.returncode, done.stdout + done.stderr)
        return package

    def _system(self, kind: Kind, reporter: progress.Progress) -> Path:
        """Return the archive of a whole system."""
        archive = self.folder / f'{kind.system}.tar'
        names = ','.join(kind.packages)
        stamp = self.folder / f'{kind.system}.packages'
        if archive.exists() and stamp.exists() and stamp.read_text() == names:
            return archive
        words = ['mmdebstrap', '--quiet', '--variant=minbase', '--format=tar']
        words += [f'--include={names}']
        words += [f'--dpkgopt=path-exclude=/usr/share/{name}/*/*' for name in _LEFT_OUT]
        aside = archive.with_suffix('.new')
        with reporter.step(f'packages of Debian {kind.system}'):
            aside.unlink(missing_ok=True)
            command.run([*words, kind.suite, aside], log=self.log)
        aside.rename(archive)
        files.write(stamp, names)
        return archive

    def _make(self, kind: Kind, system: Path, package: Path | None) -> None:
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            raw, root = Path(name, 'disk'), Path(name, 'root')
            root.mkdir()
            with raw.open('wb') as file:
                file.truncate(kind.disk_mib * _MIB)
            table = f'label: dos\nstart={_FIRST // 512}, type=83, bootable\n'
            command.run(['sfdisk', '--quiet', raw], log=self.log, given=table)
            with self._mounted(raw, root) as device:
                command.run(['tar', '-C', root, '-xf', system], log=self.log)
                _configure(root, kind)
                self._inside(root, device, 'systemctl enable says.service')
                self._inside(
                    root, device, 'mkdir -p /boot/grub && grub-mkconfig -o /boot/grub/grub.cfg'
                )
                if package is not None:
                    shutil.copyfile(package, root / 'tmp' / package.name)
                    self._inside(
                        root, device, f'dpkg -i /tmp/{package.name} && rm /tmp/{package.name}'
                    )
                self._boot_loader(raw, root, device)
            words = ['qemu-img', 'convert', '-O', 'qcow2', '-c', '-o', 'compression_type=zstd']
            made = Path(name, 'disk.qcow2')
            command.run([*words, raw, made], log=self.log)
            made.rename(self.disk(kind))

    @contextlib.contextmanager
    def _mounted(self, raw: Path, root: Path) -> Iterator[str]:
        """Have the file system of a disk, a new one, in a folder; its device."""
        words = ['losetup', '--find', '--show', '--offset', str(_FIRST), raw]
        device = command.run(words, log=self.log).strip()
        try:
            command.run(['mkfs.ext4', '-q', '-L', 'root', device], log=self.log)
            command.run(['mount', device, root], log=self.log)
            try:
                yield device
            finally:
                command.run(['umount', root], log=self.log)
        finally:
            command.run(['losetup', '--detach', device], log=self.log)

    def _inside(self, root: Path, device: str, script: str) -> None:
        """Run a script of the shell in a system, in a mount namespace of its own.

        GRUB makes no entries for what is on a loop device: it is shown the name of later.
        """
        number = Path(device).stat().st_rdev
        whole = f"""
            mount -t tmpfs dev "$0/dev"
            for name in null zero random urandom; do
                touch "$0/dev/$name"; mount --bind "/dev/$name" "$0/dev/$name"
            done
            mknod "$0/dev/vda1" b {os.major(number)} {os.minor(number)}
            mount --rbind "$0/dev" /dev
            mount /dev/vda1 "$0/mnt"
            mount --rbind /dev "$0/mnt/dev"
            mount -t proc proc "$0/mnt/proc"
            exec chroot "$0/mnt" sh -euc "$1"
        """
        command.run(
            ['unshare', '--mount', 'sh', '-euc', whole, root, script],
            log=self.log,
            env={'PATH': _PATH, 'LC_ALL': 'C', 'DEBIAN_FRONTEND': 'noninteractive'},
        )

    def _boot_loader(self, raw: Path, root: Path, device: str) -> None:
        """Write GRUB before the first partition.

        `grub-install` would want device nodes of partitions, which containers do not have.
        """
        folder = root / 'usr/lib/grub/i386-pc'
        core = root / 'boot/grub/core.img'
        self._inside(
            root,
            device,
            'grub-mkimage -O i386-pc -o /boot/grub/core.img '
            f"-p '(hd0,msdos1)/boot/grub' {' '.join(_MODULES)}",
        )
        shutil.copytree(folder, root / 'boot/grub/i386-pc', dirs_exist_ok=True)
        first, rest = (folder / 'boot.img').read_bytes(), core.read_bytes()
        if 512 + len(rest) > _FIRST:
            raise errors.CheckError(f'GRUB has {len(rest)} bytes, too many for its place')
        with raw.open('r+b') as disk:
            # The table of partitions stays, and the mark at the end of the sector.
            disk.write(first[:440])
            disk.seek(512)
            disk.write(rest)


def _configure(root: Path, kind: Kind) -> None:
    texts = {
        'etc/fstab': 'LABEL=root / ext4 errors=remount-ro 0 1\n',
        'etc/hostname': f'{kind.name}\n',
        'etc/default/grub': _GRUB,
        'etc/systemd/system/says.service': _UNIT,
    }
    if kind.programs:
        texts['etc/qemu/qemu-ga.conf'] = _AGENT
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    programs = {'usr/local/bin/says': _SAYS}
    if kind.has_package:
        programs['etc/xloud-guest/resized.d/says'] = _HOOK
    for name, text in programs.items():
        program = root / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(text)
        program.chmod(0o755)

"""Making the guest from Debian packages: kernel, first file system, empty disk."""

from __future__ import annotations

import hashlib
import lzma
import re
import shutil
from pathlib import Path

from cloud import command, debian, errors, files, settings
from cloud.guest import cpio

_HERE = Path(__file__).resolve().parent

#: In the order in which they have to be loaded.
MODULES = (
    'virtio_ring', 'virtio', 'virtio_pci_legacy_dev', 'virtio_pci_modern_dev',
    'virtio_pci', 'virtio_balloon', 'virtio_mem', 'virtio_console', 'virtio_blk',
    'button', 'evdev',
)  # fmt: skip

_POWER_BUTTON = '#!/bin/busybox sh\necho "guest: shutting down"\npoweroff -f\n'
#: What the agent runs to end the guest.
_SHUTDOWN = """#!/bin/busybox sh
echo "guest: shutting down" > /dev/console
case "$*" in *-r*) reboot -f ;; *) poweroff -f ;; esac
"""


class Guest:
    """The files of the guest, made once."""

    def __init__(self, state: settings.State) -> None:
        self.folder = state.packages / 'guest'
        self.log = state.log('install')
        self.kernel = self.folder / 'kernel'
        self.ramdisk = self.folder / 'ramdisk'
        self.disk = self.folder / 'disk.qcow2'

    def build(self) -> None:
        """Make what is missing, or older than its recipe."""
        recipe = hashlib.sha256()
        for file in (_HERE / 'init', Path(__file__), _HERE / 'cpio.py'):
            recipe.update(file.read_bytes())
        stamp = self.folder / 'recipe'
        if stamp.exists() and stamp.read_text() == recipe.hexdigest():
            return
        stamp.unlink(missing_ok=True)
        unpacked = self._unpack()
        kernel = next(unpacked.glob('boot/vmlinuz-*'), None)
        if kernel is None:
            raise errors.CheckError(f'the kernel package has no boot/vmlinuz-*: {unpacked}')
        shutil.copyfile(kernel, self.kernel)
        self._archive(unpacked).save(self.ramdisk)
        command.run(['qemu-img', 'create', '-q', '-f', 'qcow2', self.disk, '16M'])
        files.write(stamp, recipe.hexdigest())

    def linux(self) -> tuple[int, int]:
        """Return the version of its kernel, once it is made."""
        kernel = next((self.folder / 'unpacked').glob('boot/vmlinuz-*'))
        first, second, *_ = kernel.name.removeprefix('vmlinuz-').split('.')
        return int(first), int(second)

    def _unpack(self) -> Path:
        unpacked = self.folder / 'unpacked'
        done = self.folder / 'unpacked.done'
        if not done.exists():
            shutil.rmtree(unpacked, ignore_errors=True)
            kernel = debian.dependency('linux-image-cloud-amd64')
            debian.unpack(['busybox-static', 'qemu-guest-agent', kernel], unpacked, self.log)
            done.touch()
        return unpacked

    def _archive(self, unpacked: Path) -> cpio.Archive:
        archive = cpio.Archive()
        for name in ('proc', 'sys', 'dev', 'run', 'sbin', 'tmp', 'var/run'):
            archive.folder(name)
        archive.file('init', (_HERE / 'init').read_bytes(), 0o755)
        archive.file('sbin/shutdown', _SHUTDOWN.encode(), 0o755)
        archive.file('etc/acpi/PWRF/00000080', _POWER_BUTTON.encode(), 0o755)
        archive.file('bin/busybox', find(unpacked, 'bin/busybox').read_bytes(), 0o755)
        present = modules(unpacked)
        for name, content in present.items():
            archive.file(f'modules/{name}.ko', content)
        archive.file('modules/order', '\n'.join([*present, '']).encode())
        agent = find(unpacked, 'sbin/qemu-ga')
        archive.file('bin/qemu-ga', agent.read_bytes(), 0o755)
        for library in _libraries(agent):
            archive.file(str(library)[1:], library.read_bytes(), 0o755)
        return archive


def find(unpacked: Path, name: str) -> Path:
    """Return a file of the packages, which Debian 13 has moved to ``usr``."""
    for file in (unpacked / name, unpacked / 'usr' / name):
        if file.exists():
            return file
    raise errors.CheckError(
        f'the packages of the guest have no {name}: {unpacked}\n'
        'this system is not one whose packages make a guest: Debian 12 and 13 are'
    )


def modules(unpacked: Path) -> dict[str, bytes]:
    """Return what the kernel package has of the modules, in the order of loading."""
    files = {
        file.name.partition('.')[0]: file
        for pattern in ('lib/modules/**/*.ko', 'lib/modules/**/*.ko.xz')
        for folder in (unpacked, unpacked / 'usr')
        for file in folder.glob(pattern)
    }
    return {
        name: lzma.decompress(files[name].read_bytes())
        if files[name].suffix == '.xz'
        else files[name].read_bytes()
        for name in MODULES
        if name in files
    }


def _libraries(program: Path) -> list[Path]:
    """Return the libraries of this machine that a program needs."""
    listing = command.run(['ldd', program])
    if 'not found' in listing:
        raise errors.CheckError(
            f'{program.name} needs libraries that this machine lacks:\n{listing.rstrip()}\n'
            'install the packages that hold them'
        )
    return [Path(path) for path in re.findall(r'(/\S+) \(0x', listing)]

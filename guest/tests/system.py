"""A real Debian in a folder, and what a package changes in it."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

from graft.workshop import machine

ROOT = Path(__file__).resolve().parents[2]
SUITES = ('bookworm', 'trixie')
PACKAGES = 'grub2-common,udev,systemd,qemu-guest-agent'
_CACHE = ROOT / '.fork/guest'
_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'


def build(target: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Build the packages as `make guest` does."""
    return subprocess.run(
        [sys.executable, '-m', 'guest.build', target],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=not environment,
    )


def _archive(suite: str) -> Path:
    return _CACHE / f'{suite}.tar'


def lacking(suite: str) -> str:
    """Make a Debian, once; return why not, if that is not possible."""
    if os.geteuid() != 0:
        return 'root is needed to make one'
    lack = machine.lacking({'mmdebstrap': 'mmdebstrap', 'unshare': 'util-linux', 'rpm': 'rpm'})
    archive = _archive(suite)
    if lack or archive.exists():
        return lack
    _CACHE.mkdir(parents=True, exist_ok=True)
    made = archive.with_suffix('.new')
    words = ['mmdebstrap', '--quiet', '--variant=minbase', f'--include={PACKAGES}', '--format=tar']
    words += [f'--dpkgopt=path-exclude=/usr/share/{name}/*' for name in ('man', 'doc', 'locale')]
    done = subprocess.run([*words, suite, made], capture_output=True, text=True, check=False)
    if done.returncode:
        made.unlink(missing_ok=True)
        return f'mmdebstrap cannot make Debian {suite}: {done.stderr.strip()[-500:]}'
    made.rename(archive)
    return ''


class System:
    """A system in a folder, whose programs run as on a machine."""

    def __init__(self, folder: Path, suite: str, packages: Path) -> None:
        self.root = folder
        subprocess.run(['tar', '-C', folder, '-xf', _archive(suite)], check=True)
        shutil.copytree(packages, folder / 'packages')
        # What looks for other systems takes longest, and finds none.
        for script in (folder / 'etc/grub.d').glob('[2-3]*'):
            script.chmod(0o644)

    def run(self, script: str) -> str:
        """Run a script of the shell in it, and return what it prints."""
        return self._enter('exec chroot "$root" sh -euc "$@"', script)

    def rpm(self, *words: str) -> str:
        """Install or erase packages by rpm, which itself is not in the system."""
        return self._enter('exec rpm --root "$root" --nodeps "$@"', *words)

    def _enter(self, script: str, *words: str) -> str:
        mounts = 'root=$0; mount --bind /dev "$root/dev"; mount -t proc proc "$root/proc"; '
        done = subprocess.run(
            ['unshare', '--mount', 'sh', '-euc', mounts + script, self.root, *words],
            env={'PATH': _PATH, 'LC_ALL': 'C', 'DEBIAN_FRONTEND': 'noninteractive'},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            raise AssertionError(f'{words} failed with {done.returncode}:\n{done.stdout}')
        return done.stdout

    def write(self, name: str, text: str) -> Path:
        """Write a file of it."""
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def read(self, name: str) -> str:
        """Return the text of a file of it."""
        return (self.root / name).read_text()

    def remove(self, *names: str) -> None:
        """Delete files and folders of it, if they are there."""
        for name in names:
            path = self.root / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)

    def settings(self) -> dict[str, tuple[int, int, int, bytes]]:
        """Return mode, owner, group and content of all that an operator sets, and of our state."""
        return {
            str(path.relative_to(self.root)): _identity(path)
            for name in ('etc', 'boot', 'var/lib/xloud-guest')
            for path in [self.root / name, *sorted((self.root / name).rglob('*'))]
            if path.is_symlink() or path.exists()
        }


def _identity(path: Path) -> tuple[int, int, int, bytes]:
    status = path.lstat()
    content = b''
    if stat.S_ISLNK(status.st_mode):
        content = os.fsencode(path.readlink())
    elif stat.S_ISREG(status.st_mode):
        content = path.read_bytes()
    return status.st_mode, status.st_uid, status.st_gid, content

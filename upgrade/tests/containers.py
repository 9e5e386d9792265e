"""Real containers: an image made of a few Debian packages and Nova as released."""

from __future__ import annotations

import compileall
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

from upgrade.tests import world
from upgrade.tests.released import REPOSITORY, Released

FRONT = REPOSITORY / 'upgrade' / 'deploy_to_containers.sh'
TOOLS = {'podman': 'podman', 'runc': 'runc'}
ENGINE = ['podman', '--runtime', 'runc']
SITE = 'usr/local/lib/python3.11/dist-packages'
PACKAGES = [
    'python3.11-minimal',
    'libpython3.11-minimal',
    'libpython3.11-stdlib',
    'media-types',
    'busybox-static',
    'libc6',
    'libexpat1',
    'zlib1g',
    'libssl3',
    'libbz2-1.0',
    'liblzma5',
    'libffi8',
    'libuuid1',
    'libsqlite3-0',
    'libstdc++6',
    'libgcc-s1',
    'libcrypt1',
    'libncursesw6',
    'libtinfo6',
    'python3-distutils',
]
#: The first process of a container: writes which nova it runs to a folder that is new with each
#: start; it refuses the fork while there is a file `refuse`.
SERVICE = """
import importlib.metadata, pathlib, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
import nova.version
version = importlib.metadata.version('nova')
if '+' in version and pathlib.Path('/shared/refuse').exists():
    sys.exit('this service does not start with ' + version)
pathlib.Path('/started/new').write_text(version)
pathlib.Path('/started/new').rename('/started/version')
while True:
    time.sleep(60)
"""


def podman(*words: str | Path) -> str:
    done = subprocess.run([*ENGINE, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f'podman {words}: {done.stderr}'
    return done.stdout.strip()


def make_image(folder: Path, released: Released) -> str:
    """Import an image of Debian packages and stock Nova; return its name."""
    archive = _archive(folder, released)
    name = f'localhost/xloud-upgrade-test-{os.getpid()}'
    podman('import', '--quiet', archive, name)
    return name


def _archive(folder: Path, released: Released) -> Path:
    """Return the content of the image, which is kept until what it is made of changes."""
    source = json.dumps([SERVICE, PACKAGES, released.stock.name, Path(__file__).read_text()])
    archive = released.folder / f'image-{hashlib.sha256(source.encode()).hexdigest()[:12]}.tar'
    if archive.exists():
        return archive
    for former in released.folder.glob('image-*.tar'):
        former.unlink()
    debs, root = folder / 'debs', folder / 'root'
    debs.mkdir()
    words = ['apt-get', '-q', '-o', 'APT::Sandbox::User=root', 'download', *PACKAGES]
    subprocess.run(words, cwd=debs, check=True, capture_output=True)
    for deb in debs.glob('*.deb'):
        subprocess.run(['dpkg-deb', '-x', deb, root], check=True)
    for name in ('sh', 'test', 'cat', 'ls', 'grep'):
        (root / 'bin' / name).symlink_to('busybox')
    (root / 'usr/bin/python3').symlink_to('python3.11')
    for name in ('tmp', 'run', 'proc', 'sys', 'dev', 'root', 'needs', 'shared', 'started'):
        (root / name).mkdir(exist_ok=True)
    (root / 'etc/passwd').write_text('root:x:0:0::/root:/bin/sh\n')
    (root / 'service.py').write_text(SERVICE)
    site = root / SITE
    site.mkdir(parents=True)
    (site / 'needs.pth').write_text('/needs\n')
    with zipfile.ZipFile(released.stock) as wheel:
        wheel.extractall(site, [name for name in wheel.namelist() if '.data/' not in name])
    compileall.compile_dir(site / 'nova', quiet=1, stripdir=str(root), rx=re.compile('/tests/'))
    part = archive.with_suffix('.part')
    subprocess.run(['tar', '-C', root, '-cf', part, '.'], check=True)
    part.rename(archive)
    shutil.rmtree(root)
    return archive


@dataclass
class Container:
    """A container that runs the service."""

    name: str
    shared: Path

    @classmethod
    def started(cls, name: str, image: str, shared: Path, released: Released) -> Container:
        shared.mkdir()
        podman(
            'run', '--detach', '--name', name, '--network=host', '--stop-timeout', '1',
            '--ulimit', 'nofile=1024:4096', '--ulimit', 'nproc=1000:1000',
            '--volume', f'{released.needs}:/needs:ro', '--volume', f'{shared}:/shared',
            '--tmpfs', '/started', image, 'python3', '/service.py',
        )  # fmt: skip
        return cls(name, shared)

    @property
    def runs(self) -> str:
        """The nova that its service runs, once it has come up."""
        words = [*ENGINE, 'exec', self.name, 'cat', '/started/version']
        for _ in range(300):
            done = subprocess.run(words, capture_output=True, text=True, check=False)
            if done.returncode == 0:
                break
            time.sleep(0.1)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def remove(self) -> None:
        podman('rm', '--force', '--time', '0', self.name)

    def files(self, site: str = f'/{SITE}') -> dict[str, list]:
        """Every file of nova there: hash, mode, time."""
        program = (
            'import hashlib,json,os,sys\n'
            'print(json.dumps({p:[hashlib.sha256(open(p,"rb").read()).hexdigest(),'
            'os.stat(p).st_mode,os.stat(p).st_mtime_ns] for t,_,n in os.walk(sys.argv[1]) '
            'for p in (os.path.join(t,f) for f in n)}))'
        )
        return json.loads(podman('exec', self.name, 'python3', '-c', program, site))


class Administrator(world.Command):
    """The administrator of one container, with the familiar script."""

    def __init__(
        self, sshd: world.Sshd, container: Container, released: Released, folder: Path
    ) -> None:
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith('OS_')},
            'TARGET_HOST': '127.0.0.1',
            'CONTAINER_NAME': container.name,
            'CONTAINER_ENGINE': shlex.join(ENGINE),
            'BACKUP_DIR': str(folder / 'backups'),
            'STATE_DIR': str(folder / 'state'),
            'SETTLE': '1',
            'TIMEOUT': '60',
            'SSH_OPTIONS': shlex.join([*sshd.options, '-p', str(sshd.port)]),
        }
        self.options = ['--wheel', str(released.fork), '--tarball', str(released.tarball)]

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [FRONT, *words, *self.options],
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

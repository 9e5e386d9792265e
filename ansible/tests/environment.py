"""The environment that the collection is built, checked and run in.

It is kept in ``.fork/ansible``. If nothing that goes into it has changed, it needs no network.
"""

from __future__ import annotations

import ast
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from graft.run import run, step

COLLECTION = Path(__file__).resolve().parent.parent
REPOSITORY = COLLECTION.parent
HERE = COLLECTION / 'tests'
CLIENT = REPOSITORY / 'client'

ROOT = REPOSITORY / '.fork' / 'ansible'
VENV = ROOT / 'venv'
PYTHON = VENV / 'bin' / 'python'
#: Where collections are installed, as they are for users.
COLLECTIONS = ROOT / 'collections'
INSTALLED = COLLECTIONS / 'ansible_collections' / 'xloud' / 'elastic'
#: The home of the programs that are run: what they cache stays in the project.
HOME = ROOT / 'home'

_UNPACKED = shutil.ignore_patterns('build', '*.egg-info', 'tests', '__pycache__')
_PIP = [PYTHON, '-m', 'pip', '--disable-pip-version-check']
#: The version of pip that ansible-core 2.19 installs into the environments of its checks.
_PIP_OF_CHECKS = '24_2'
_GET_PIP = '''\
"""What ansible-test would download: it installs pip into an empty environment."""

import runpy
import subprocess
import sys

# In a process of its own: it makes pip ignore all settings.
subprocess.run([sys.executable, '-m', 'ensurepip'], check=True, stdout=subprocess.DEVNULL)
words = [word for word in sys.argv[1:] if word not in ('--no-setuptools', '--no-wheel')]
sys.argv = ['pip', 'install', *words]
runpy.run_module('pip', run_name='__main__')
'''


def refusal() -> str:
    """Return why this Python cannot run the pinned ansible-core; nothing if it can."""
    if (3, 11) <= sys.version_info[:2] <= (3, 13):
        return ''
    version = '.'.join(map(str, sys.version_info[:3]))
    return f'the pinned ansible-core runs on Python 3.11 to 3.13, and this is {version}'


def make() -> None:
    """Set the environment up, unless it is current, and install the collection in it."""
    pins = [HERE / name for name in ('requirements.txt', 'constraints.txt')]
    everything = not _is_current('venv', *pins)
    if everything or not _is_current('client', *_sources()):
        with step('install Ansible and the client' if everything else 'install the client'):
            _forget('client')
            if everything:
                _forget('venv')
                shutil.rmtree(VENV, ignore_errors=True)
                run([sys.executable, '-m', 'venv', VENV])
            with tempfile.TemporaryDirectory(prefix='client-') as copy:
                # pip builds in the folder, and would pack what an earlier build left there.
                shutil.copytree(CLIENT, copy, ignore=_UNPACKED, dirs_exist_ok=True)
                run([*_PIP, 'install', '--quiet', '-r', pins[0], '--constraint', pins[1], copy])
        _is_now('venv', *pins)
        _is_now('client', *_sources())
    _prepare_home()


def install(tarball: Path) -> None:
    """Install the collection from a tarball, as users do."""
    words = ['collection', 'install', '--force', '--offline', '-p', COLLECTIONS, tarball]
    run([VENV / 'bin' / 'ansible-galaxy', *words], env=settings())


def add_openstack_cloud() -> None:
    """Install the collection openstack.cloud beside it, unless it is there."""
    pin = HERE / 'openstack-cloud.txt'
    if _is_current('openstack-cloud', pin):
        return
    _forget('openstack-cloud')
    with step('fetch the collection openstack.cloud'), tempfile.TemporaryDirectory() as folder:
        run([*_PIP, 'download', '--quiet', '--no-deps', '--dest', folder, '-r', pin])
        (wheel,) = Path(folder).glob('*.whl')
        with zipfile.ZipFile(wheel) as archive:
            prefix = 'ansible_collections/openstack/cloud/'
            names = [name for name in archive.namelist() if name.startswith(prefix)]
            archive.extractall(COLLECTIONS, names)
    _is_now('openstack-cloud', pin)


def settings() -> dict[str, str]:
    """Return the variables with which its programs run."""
    return {
        **os.environ,
        'ANSIBLE_COLLECTIONS_PATH': str(COLLECTIONS),
        'ANSIBLE_HOME': str(HOME / '.ansible'),
        'ANSIBLE_LOCALHOST_WARNING': 'false',
        'ANSIBLE_NOCOLOR': 'true',
        'HOME': str(HOME),
        'LC_ALL': 'C.UTF-8',
        'PATH': f'{VENV / "bin"}:{os.environ.get("PATH", os.defpath)}',
    }


def _prepare_home() -> None:
    """Write what the checks of ansible-test need, which drop most of the environment."""
    cache = HOME / '.ansible' / 'test' / 'cache'
    cache.mkdir(parents=True, exist_ok=True)
    (cache / f'get_pip_{_PIP_OF_CHECKS}.py').write_text(_GET_PIP)
    done = subprocess.run(
        [*map(str, _PIP), 'config', 'list'], capture_output=True, text=True, check=True
    )
    values: dict[str, str] = {}
    # Lines such as global.timeout='60', or :env:.timeout='60'; pip lists the strongest first.
    for line in done.stdout.splitlines():
        name, _, value = line.partition('=')
        values.setdefault(name.rpartition('.')[2], ast.literal_eval(value))
    file = HOME / '.config' / 'pip' / 'pip.conf'
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = (f'{name} = {" ".join(value.split())}' for name, value in values.items())
    # The address of an index can have credentials.
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_text('\n'.join(['[global]', *lines, '']))


def _sources() -> list[Path]:
    """Return the files of the client that are installed, or that say how."""
    package = CLIENT / 'xloudclient'
    modules = [file for file in package.rglob('*') if file.suffix in ('.py', '.typed')]
    return [CLIENT / 'pyproject.toml', CLIENT / 'README.md', *sorted(modules)]


def _forget(part: str) -> None:
    """Have a part made again if this is interrupted."""
    (ROOT / f'{part}.ready').unlink(missing_ok=True)


def _is_current(part: str, *files: Path) -> bool:
    stamp = ROOT / f'{part}.ready'
    return stamp.exists() and stamp.read_text() == _state(*files)


def _is_now(part: str, *files: Path) -> None:
    (ROOT / f'{part}.ready').write_text(_state(*files))


def _state(*files: Path) -> str:
    digest = hashlib.sha256(sys.version.encode())
    for file in files:
        if file.is_file():
            digest.update(f'{file.relative_to(REPOSITORY)}\n'.encode() + file.read_bytes())
    return digest.hexdigest()

"""Run the unit tests with the ``openstack`` of a release: ``python -m client.tests 2024.1``.

The client is installed as any user would, with pip from its folder, into an environment that is
kept: if nothing that goes into it has changed, the tests start at once and need no network.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from graft.errors import GraftError
from graft.project import Project
from graft.run import run, step
from graft.workshop import venv

CLIENT = Path(__file__).resolve().parent.parent
REPOSITORY = CLIENT.parent
LOCKS = REPOSITORY / 'cloud' / 'constraints'

_UNPACKED = shutil.ignore_patterns('build', '*.egg-info', 'tests', '__pycache__')


def main() -> int:
    """Install the client and run its tests; return the exit status."""
    parser = argparse.ArgumentParser(prog='python -m client.tests', description=__doc__)
    parser.add_argument('release', choices=sorted(lock.stem for lock in LOCKS.glob('*.txt')))
    release = parser.parse_args().release
    try:
        python = environment(release)
    except GraftError as error:
        print(f'client.tests: {error}', file=sys.stderr)
        return 1
    # Warnings are those of the dependencies.
    tests = [python, '-m', 'pytest', '--disable-warnings', '--tb', 'short', CLIENT / 'tests/unit']
    return subprocess.run(tests, cwd=REPOSITORY, check=False).returncode


def environment(release: str) -> Path:
    """Return the Python of an environment with the client, which is set up unless it is current."""
    folder = REPOSITORY / '.fork' / 'client' / release
    python, stamp = folder / 'bin' / 'python', folder / 'ready'
    lock = LOCKS / f'{release}.txt'
    installed = stamp.read_text().splitlines() if stamp.exists() else []
    state = [sys.version.replace('\n', ' '), _digest(lock, *_sources())]
    if installed == state:
        return python
    project = Project.at(REPOSITORY)
    venv.check(project, project.release(release))
    with step(f'install the client and the openstack of {release}'):
        stamp.unlink(missing_ok=True)
        if installed[:1] != state[:1]:
            shutil.rmtree(folder, ignore_errors=True)
            run([sys.executable, '-m', 'venv', folder])
        pip = [python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check']
        with tempfile.TemporaryDirectory(prefix='client-') as copy:
            # pip builds in the folder, and would pack what an earlier build left there.
            shutil.copytree(CLIENT, copy, ignore=_UNPACKED, dirs_exist_ok=True)
            run([*pip, '--constraint', lock, f'{copy}[openstack]', 'pytest'])
        stamp.write_text('\n'.join(state) + '\n')
    return python


def _sources() -> list[Path]:
    """Return the files that are installed, or that say how."""
    package = CLIENT / 'xloudclient'
    modules = [file for file in package.rglob('*') if file.suffix in ('.py', '.typed')]
    return [CLIENT / 'pyproject.toml', CLIENT / 'README.md', *sorted(modules)]


def _digest(*files: Path) -> str:
    digest = hashlib.sha256()
    for file in files:
        content = file.read_bytes()
        digest.update(f'{file.relative_to(REPOSITORY)} {len(content)}\n'.encode() + content)
    return digest.hexdigest()


if __name__ == '__main__':
    sys.exit(main())

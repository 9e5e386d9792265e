"""Run the unit tests with the packages of a release: ``python -m dashboard.tests 2024.1``.

They need Django and the client, and no Horizon, and run in an environment that is kept. What
needs Horizon is tested in a browser, on a real cloud: ``cloud/tests/e2e/test_dashboard*.py``.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from graft.errors import GraftError
from graft.project import Project
from graft.run import run, step
from graft.workshop import venv

PLUGIN = Path(__file__).resolve().parent.parent
REPOSITORY = PLUGIN.parent
LOCKS = PLUGIN / 'constraints'

#: What the tested modules import, in the versions of the lock.
_PACKAGES = ('Django', 'openstacksdk', 'PyYAML')
_PYTEST = 'pytest==8.3.5'


def main() -> int:
    """Run the tests; return the exit status."""
    parser = argparse.ArgumentParser(prog='python -m dashboard.tests', description=__doc__)
    parser.add_argument('release', choices=sorted(lock.stem for lock in LOCKS.glob('*.txt')))
    release = parser.parse_args().release
    try:
        python = environment(release)
    except GraftError as error:
        print(f'dashboard.tests: {error}', file=sys.stderr)
        return 1
    tests = [python, '-m', 'pytest', '--tb', 'short', PLUGIN / 'tests' / 'unit']
    return subprocess.run(tests, cwd=REPOSITORY, check=False).returncode


def environment(release: str) -> Path:
    """Return the Python of an environment, which is made unless it is current."""
    folder = REPOSITORY / '.fork' / 'dashboard' / release
    lock = LOCKS / f'{release}.txt'
    python, stamp = folder / 'bin' / 'python', folder / 'ready'
    state = f'{sys.version}\n{_PYTEST} {_PACKAGES}\n{lock.read_text()}'
    if stamp.exists() and stamp.read_text() == state:
        return python
    project = Project.at(REPOSITORY)
    venv.check(project, project.release(release))
    with step(f'install what the tests of the dashboard of {release} import'):
        shutil.rmtree(folder, ignore_errors=True)
        run([sys.executable, '-m', 'venv', folder])
        pip = [python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check']
        run([*pip, '--constraint', lock, *_PACKAGES, _PYTEST])
        stamp.write_text(state)
    return python


if __name__ == '__main__':
    sys.exit(main())

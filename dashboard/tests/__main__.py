"""Run the unit tests of the plugin, which need Django and the client, and no Horizon.

They run in an environment that is kept. What needs Horizon is tested in a browser, on a real
cloud: ``cloud/tests/e2e/test_dashboard.py``.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from graft.errors import CommandError
from graft.run import run, step

PLUGIN = Path(__file__).resolve().parent.parent
REPOSITORY = PLUGIN.parent
LOCK = PLUGIN / 'constraints' / '2024.1.txt'

#: What the tested modules import, in the versions of the lock.
_PACKAGES = ('Django', 'openstacksdk', 'PyYAML')
_PYTEST = 'pytest==8.3.5'


def main() -> int:
    """Run the tests; return the exit status."""
    try:
        python = environment()
    except CommandError as error:
        print(f'dashboard.tests: {error}', file=sys.stderr)
        return 1
    tests = [python, '-m', 'pytest', '--tb', 'short', PLUGIN / 'tests' / 'unit']
    return subprocess.run(tests, cwd=REPOSITORY, check=False).returncode


def environment() -> Path:
    """Return the Python of an environment, which is made unless it is current."""
    folder = REPOSITORY / '.fork' / 'dashboard'
    python, stamp = folder / 'bin' / 'python', folder / 'ready'
    state = f'{sys.version}\n{_PYTEST} {_PACKAGES}\n{LOCK.read_text()}'
    if stamp.exists() and stamp.read_text() == state:
        return python
    with step('install what the tests of the dashboard import'):
        shutil.rmtree(folder, ignore_errors=True)
        run([sys.executable, '-m', 'venv', folder])
        pip = [python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check']
        run([*pip, '--constraint', LOCK, *_PACKAGES, _PYTEST])
        stamp.write_text(state)
    return python


if __name__ == '__main__':
    sys.exit(main())

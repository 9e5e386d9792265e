"""Run the unit tests beside the ``openstack`` of a release: ``python -m client.tests 2024.1``.

The client is installed there as anyone would do it, from its folder with pip.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from graft.run import run, step

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent


def main(release: str) -> int:
    """Set the environment up, unless it is there; then test."""
    folder = REPOSITORY / '.fork' / 'client' / release
    lock = REPOSITORY / 'cloud' / 'constraints' / f'{release}.txt'
    python = folder / 'bin' / 'python'
    # What pip leaves there would be packed again, also modules that are gone.
    shutil.rmtree(HERE.parent / 'build', ignore_errors=True)
    with step(f'install the client beside the openstack of {release}'):
        if not python.exists():
            run([sys.executable, '-m', 'venv', folder])
        pip = [python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check']
        run([*pip, '--constraint', lock, f'{HERE.parent}[openstack]', 'pytest'])
    # The warnings are of what openstack is made of.
    tests = [python, '-m', 'pytest', '--disable-warnings', '--tb', 'short', HERE / 'unit']
    return subprocess.run(tests, cwd=REPOSITORY, check=False).returncode


sys.exit(main(sys.argv[1]))

"""The Python environment that plots are drawn in, the only one with matplotlib."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from cloud import command, files, progress, settings

FOLDER = settings.REPOSITORY / '.fork' / 'bench'
REQUIREMENTS = Path(__file__).parent / 'requirements.txt'


def python(report: progress.Progress | None = None) -> Path:
    """Return the environment's Python, and set the environment up unless it is current.

    It is current if it has these requirements and is of this version of Python; then nothing is
    installed, and no network is needed.
    """
    program, stamp = FOLDER / 'bin' / 'python', FOLDER / 'ready'
    version = f'{sys.version}\n{REQUIREMENTS.read_text()}'
    if not stamp.exists() or stamp.read_text() != version:
        with (report or progress.Progress()).step('install matplotlib for the plots'):
            shutil.rmtree(FOLDER, ignore_errors=True)
            command.run([sys.executable, '-m', 'venv', FOLDER])
            pip = [program, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check']
            command.run([*pip, '--no-deps', '--requirement', REQUIREMENTS])
            files.write(stamp, version)
    return program

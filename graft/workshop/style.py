"""Style: ruff for our own packages, and on what is woven the checks that Nova makes of itself."""

import subprocess
import sys
from pathlib import Path

from graft import report
from graft.project import Project, Release
from graft.workshop import venv


def faults(project: Project, release: Release) -> tuple[int, list[str]]:
    """How many files and rules hold, and what each of the others says."""
    source, python = venv.make(project, release)
    ruff = [sys.executable, '-m', 'ruff']
    outcomes = [
        _said([*ruff, 'check', '--quiet', '--output-format=concise', '.'], project.root),
        _said([*ruff, 'format', '--quiet', '--check', '.'], project.root),
    ]
    for path in report.touched(project, release):
        if path.endswith('.py'):
            outcomes.append(_said([str(python), '-m', 'flake8', path], source))
    return outcomes.count(''), [said for said in outcomes if said]


def _said(command: list[str], folder: Path) -> str:
    """What a checker has to say; nothing if all is well."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ''
    return (done.stdout + done.stderr).strip() or f'{command} ended with {done.returncode}'

"""Style: ruff, the checks beside this one, and on what is woven Nova's own checks."""

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from graft import tree
from graft.project import Project, Release
from graft.workshop import lengths, private, venv, vocabulary

TOOLS = ('flake8', 'hacking', 'mccabe', 'pycodestyle', 'pyflakes')


def faults(
    project: Project, release: Release, others: Sequence[Release] = ()
) -> tuple[int, list[str]]:
    """How many files and rules hold, and what each of the others says.

    Of other releases only the branch's new files are checked: the rest takes long, and their
    checks of it differ little.
    """
    ruff = [sys.executable, '-m', 'ruff']
    outcomes = [
        _output([*ruff, 'check', '--quiet', '--output-format=concise', '.'], project.root),
        _output([*ruff, 'format', '--quiet', '--check', '.'], project.root),
        '\n'.join(vocabulary.faults(project)),
        '\n'.join(lengths.faults(project)),
        '\n'.join(private.faults(project)),
    ]
    for checked in (release, *others):
        outcomes += _woven(project, checked, {'new', 'edited'} if checked == release else {'new'})
    return outcomes.count(''), [said for said in outcomes if said]


def _woven(project: Project, release: Release, kinds: set[str]) -> list[str]:
    """What Nova's checks say of each woven file."""
    source = tree.lay(project, release)
    python = venv.tools(project, release, TOOLS)
    changes = tree.changes(source)
    messages = {path: '' for path, how in changes.items() if how in kinds and path.endswith('.py')}
    output = _output([str(python), '-m', 'flake8', *messages], source)
    for line in output.splitlines():
        path = re.split(r'[:\s]', line.removeprefix('./'), maxsplit=1)[0]
        if path not in messages:
            return [output]  # flake8 itself fell over.
        messages[path] += f'{release.name}: {line}\n'
    return [lines.rstrip() for lines in messages.values()]


def _output(command: list[str], folder: Path) -> str:
    """What a checker has to say; nothing if all is well."""
    process = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if process.returncode == 0:
        return ''
    return (process.stdout + process.stderr).strip() or f'{command} ended with {process.returncode}'

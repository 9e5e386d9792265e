"""Private members: what belongs to another module or class is not used from outside.

Our own packages have ruff's rule for that, and so have sketches, here. Some of Nova's objects have
no public way to what is needed: `[tool.graft.private-members]` in `pyproject.toml` has the names
of their members that `code` and `tests` may use.
"""

import json
import subprocess
import sys
from collections.abc import Iterator

from graft.project import Project
from graft.workshop import sources

RULE = 'SLF001'


def faults(project: Project) -> Iterator[str]:
    """Each use of a private member from outside in a sketch or a new file of the branch."""
    permitted = project.settings().get('private-members')
    if permitted is None:
        return
    folders = (*(f'{name}/' for name in project.branch), 'releases/')
    files: dict[str, list[str]] = {'code': [], 'tests': []}
    for path, _ in sources.texts(project):
        if path.endswith('.py') and path.startswith(folders):
            files['tests' if '/tests/' in path else 'code'].append(path)
    for kind, paths in files.items():
        if paths:
            yield from _ruff(project, paths, permitted[kind])


def _ruff(project: Project, paths: list[str], permitted: list[str]) -> Iterator[str]:
    names = f'lint.flake8-self.extend-ignore-names={json.dumps(permitted)}'
    options = ['--isolated', '--ignore-noqa', '--select', RULE, '--config', names]
    command = [sys.executable, '-m', 'ruff', 'check', *options, '--output-format=json', *paths]
    process = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=False)
    if not process.stdout:
        yield process.stderr.strip()
        return
    for fault in json.loads(process.stdout):
        if fault['code'] == RULE:  # What is no Python is reported by others.
            path = fault['filename'].removeprefix(f'{project.root}/')
            yield f'{path}:{fault["location"]["row"]}: {fault["message"]}'

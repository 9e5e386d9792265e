"""Nova's documentation, built as Nova builds it, with the branch's pages in it."""

import subprocess
from pathlib import Path

from graft.errors import CommandError
from graft.project import Project, Release
from graft.workshop import venv


def build(project: Project, release: Release) -> Path:
    """The folder of the built pages; Sphinx says on the terminal what it is doing."""
    source, python = venv.make(project, release)
    pages = source / 'doc' / 'build' / 'html'
    command = [python, '-m', 'sphinx', '-b', 'html', '-j', 'auto', '--keep-going']
    process = subprocess.run([*command, 'doc/source', pages], cwd=source, check=False)
    if process.returncode:
        raise CommandError(f'the documentation of {release.name} did not build; see above')
    return pages

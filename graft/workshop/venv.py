"""A virtual environment for the woven tree: the release's pinned versions, the tree on top."""

import hashlib
import os
import shutil
import sys
from pathlib import Path

from graft import tree
from graft.project import Project, Release
from graft.run import run, step


def make(project: Project, release: Release) -> tuple[Path, Path]:
    """The woven tree, and the Python of an environment in which it is installed for editing."""
    source = tree.lay(project, release)
    folder = project.work / release.name / 'venv'
    python = folder / 'bin' / 'python'
    pins = hashlib.sha256(release.constraints.read_bytes() + sys.version.encode()).hexdigest()
    if _read(folder / 'pins') != pins:
        with step(f'install what Nova {release.version} and its tests need'):
            shutil.rmtree(folder, ignore_errors=True)
            run([sys.executable, '-m', 'venv', folder])
            pip = [python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check']
            run([*pip, '--no-deps', '--requirement', release.constraints])
            (folder / 'pins').write_text(pins)
    head = run(['git', 'rev-parse', 'HEAD'], cwd=source)
    if _read(folder / 'head') != head:
        with step('install the woven tree for editing'):
            env = {'PBR_VERSION': project.version(release)}
            pip = [python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check']
            editable = ['--no-deps', '--no-build-isolation', '--use-pep517', '--editable', source]
            run([*pip, *editable], env={**env, 'PIP_NO_INPUT': '1'}, cwd=project.work)
            (folder / 'head').write_text(head)
    return source, python


def environment() -> dict[str, str]:
    """What Nova's own test settings put into the environment of a test run."""
    return {
        **os.environ,
        'LANGUAGE': 'en_US',
        'LC_ALL': 'en_US.utf-8',
        'NOVA_RAISE_ON_GREENLET_LEAK': 'True',
        'OS_NOVA_DISABLE_EVENTLET_PATCHING': 'False',
        'OS_STDERR_CAPTURE': '1',
        'OS_STDOUT_CAPTURE': '1',
        'OS_TEST_TIMEOUT': '300',
    }


def _read(path: Path) -> str | None:
    try:
        return path.read_text()
    except FileNotFoundError:
        return None

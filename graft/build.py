"""The forked distribution: the branch woven into a release, built by the release's own backend."""

import os
import sys
import tempfile
import tomllib
from pathlib import Path

from graft import fetch
from graft.project import Project, Release
from graft.run import run
from graft.weave import weave

# setup.py alone, as releases before pyproject.toml are built.
LEGACY = 'setuptools.build_meta:__legacy__'

CALL = """
import importlib, sys
module, _, name = sys.argv[1].partition(':')
backend = importlib.import_module(module)
backend = getattr(backend, name) if name else backend
print(getattr(backend, sys.argv[2])(sys.argv[3]))
"""


def build(project: Project, release: Release, hook: str, target: Path) -> str:
    """Call a hook of PEP 517 on the woven source; the name of what it put into ``target``."""
    os.umask(0o022)  # The modes of new files get into what is built.
    archive = fetch.tarball(project, release)
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix='graft-') as folder:
        source = Path(folder, 'nova')
        newest = fetch.unpack(archive, source)
        woven = weave(project, release, source)
        woven.write(source)
        _list_new_files(source, woven.new)
        env = {
            'PBR_VERSION': project.version(release),
            'SOURCE_DATE_EPOCH': str(newest),
            # What pbr would otherwise take from a git repository around the folder.
            'GIT_CEILING_DIRECTORIES': folder,
            'SKIP_GIT_SDIST': '1',
            'SKIP_GENERATE_AUTHORS': '1',
            'SKIP_WRITE_GIT_CHANGELOG': '1',
        }
        command = [sys.executable, '-c', CALL, _backend(source), hook, target.resolve()]
        return run(command, cwd=source, env=env).splitlines()[-1]


def _backend(source: Path) -> str:
    try:
        table = tomllib.loads((source / 'pyproject.toml').read_text())
    except FileNotFoundError:
        return LEGACY
    return table.get('build-system', {}).get('build-backend', LEGACY)


def _list_new_files(source: Path, new: list[str]) -> None:
    """Name the new files where pbr looks for them when there is no git repository to ask."""
    sources = source / fetch.METADATA / 'SOURCES.txt'
    paths = [*sources.read_text().splitlines(), *new]
    sources.write_text('\n'.join(sorted(set(paths))) + '\n')

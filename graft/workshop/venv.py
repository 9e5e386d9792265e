"""Virtual environments for the woven tree: the release's pinned versions, the tree on top."""

import hashlib
import os
import shutil
import sys
import sysconfig
from collections.abc import Collection
from pathlib import Path

from graft import tree
from graft.errors import ReleaseError
from graft.project import Project, Release
from graft.run import run, step

PIP = ['-m', 'pip', '--disable-pip-version-check']


def make(project: Project, release: Release) -> tuple[Path, Path]:
    """The woven tree, and the Python of an environment in which it is installed for editing."""
    check(project, release)
    source = tree.lay(project, release)
    folder = _place(project, release)
    with tree.alone(project.work / 'locks' / release.name):
        what = f'install what Nova {release.version} and its tests need'
        python = _environment(folder, _constraints(release), what)
        head = run(['git', 'rev-parse', 'HEAD'], cwd=source)
        if _read(folder / 'head') != head:
            with step('install the woven tree for editing'):
                _install(project, release, source, python)
                (folder / 'head').write_text(head)
    return source, python


def tools(project: Project, release: Release, names: Collection[str]) -> Path:
    """The Python of an environment with some of a release's pins; releases that agree share it."""
    lines = _constraints(release).splitlines()
    pins = '\n'.join(line for line in lines if line.partition('==')[0] in names)
    digest = hashlib.sha256(pins.encode()).hexdigest()[:8]
    folder = project.work / 'tools' / digest
    with tree.alone(project.work / 'locks' / 'tools'):
        return _environment(folder, pins, f'install {", ".join(sorted(names))} of {release.name}')


def choose(project: Project, name: str | None) -> Release:
    """The release that is named or else, where this Python cannot run the default, the newest."""
    release = project.release(name)
    others = [other for other in project.releases() if _runs_here(other)]
    if name or not others or _runs_here(release):
        return release
    print(
        f'Nova {release.version} ({release.name}) runs on Python {release.newest_python} and '
        f'older, and this is {_this_python()}: taking {others[-1].name}; RELEASE=... names another',
        file=sys.stderr,
    )
    return others[-1]


def check(project: Project, release: Release) -> None:
    """Refuse a release that this machine cannot run, before anything is fetched for it."""
    if why := refusal(project, release):
        raise ReleaseError(why)


def refusal(project: Project, release: Release) -> str:
    """Why this machine cannot run a release, and what to do instead; nothing if it can."""
    if not _runs_here(release):
        return _refused_by_python(project, release)
    if not release.compiled or _can_compile():
        return ''
    if _is_made(_place(project, release), _constraints(release)):
        return ''
    return (
        f'{", ".join(release.compiled)}, which Nova {release.version} ({release.name}) needs, must '
        "be compiled, and a C compiler or Python's headers are missing; "
        'on Debian: apt-get install gcc python3-dev'
    )


def _refused_by_python(project: Project, release: Release) -> str:
    others = [other.name for other in project.releases() if _runs_here(other)]
    instead = f'take a release that does: RELEASE={others[-1]}. Or ' if others else ''
    return (
        f'Nova {release.version} ({release.name}) runs on Python {release.newest_python} and '
        f'older, and this is {_this_python()}.\n'
        f'  To go on, {instead}name an older Python: make PYTHON=python{release.newest_python} ...'
    )


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


def _place(project: Project, release: Release) -> Path:
    return project.work / release.name / 'venv'


def _constraints(release: Release) -> str:
    try:
        return release.constraints.read_text()
    except FileNotFoundError:
        raise ReleaseError(
            f'releases/{release.name} has no constraints.txt\n'
            f'  `python -m graft new {release.name} {release.version}` writes it.'
        ) from None


def _runs_here(release: Release) -> bool:
    newest = release.newest_python
    return newest is None or sys.version_info[:2] <= tuple(map(int, newest.split('.')))


def _this_python() -> str:
    return '.'.join(map(str, sys.version_info[:3]))


def _can_compile() -> bool:
    header = Path(sysconfig.get_path('include'), 'Python.h')
    return header.exists() and shutil.which('cc') is not None


def _install(project: Project, release: Release, source: Path, python: Path) -> None:
    env = {'PBR_VERSION': project.version(release), 'PIP_NO_INPUT': '1'}
    editable = ['--no-deps', '--no-build-isolation', '--use-pep517', '--editable', source]
    run([python, *PIP, 'install', '--quiet', *editable], env=env, cwd=project.work)
    run([python, *PIP, 'check'], cwd=project.work)
    # Each test makes and drops whole services: to look for cycles less often saves a tenth.
    (site,) = (python.parent.parent / 'lib').glob('python*/site-packages')
    (site / 'tests.pth').write_text('import gc; gc.set_threshold(50_000, 20, 20)\n')


def _environment(folder: Path, pins: str, what: str) -> Path:
    """The Python of an environment with exactly these pins; it is made again when they change."""
    python = folder / 'bin' / 'python'
    if not _is_made(folder, pins):
        with step(what):
            shutil.rmtree(folder, ignore_errors=True)
            run([sys.executable, '-m', 'venv', folder])
            constraints = folder / 'constraints.txt'
            constraints.write_text(pins)
            run([python, *PIP, 'install', '--quiet', '--no-deps', '--requirement', constraints])
            run([python, *PIP, 'check'])
            (folder / 'pins').write_text(_stamp(pins))
    return python


def _is_made(folder: Path, pins: str) -> bool:
    return _read(folder / 'pins') == _stamp(pins)


def _stamp(pins: str) -> str:
    return hashlib.sha256((pins + sys.version).encode()).hexdigest()


def _read(path: Path) -> str | None:
    try:
        return path.read_text()
    except FileNotFoundError:
        return None

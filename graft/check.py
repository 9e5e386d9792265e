"""Checks of the branch: it keeps nothing of Nova's, and no weave of it loses or breaks anything."""

import ast
import os
import re
import signal
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from graft import fetch
from graft.errors import CommandError
from graft.project import Project, Release
from graft.removed import Removed, removed
from graft.weave import Woven, weave

LEAST = 4  # lines in a row that say something and also stand in the release
SUFFIXES = ('.py', '.rst', '.yaml', '.json', '.cfg', '.txt', '.conf')

# Lines that two authors write alike: comments and licence headers, decorators, signatures,
# one-line docstrings, imports, anchors, and lone punctuation.
COMMONPLACE = re.compile(
    r"""\#|@|(async\ )?def\ |class\ |import\ |from\ |""\".*""\"$|.*\#\ nova$|.{0,3}$""", re.VERBOSE
)

Lines = list[tuple[int, str]]


@dataclass(frozen=True)
class Checked:
    """What the checks of a release found. Each file of its weave counts as one check."""

    release: str
    passed: int
    removed: list[Removed]
    faults: list[str]


def check_all(project: Project, releases: Sequence[Release]) -> list[Checked]:
    """Check releases, several at a time where the machine can."""
    archives = [fetch.tarball(project, release) for release in releases]
    with tempfile.TemporaryDirectory(prefix='graft-') as folder:
        folders = [Path(folder, release.name) for release in releases]
        if len(releases) == 1:
            return [check(project, releases[0], archives[0], folders[0])]
        workers = min(len(releases), os.cpu_count() or 1)
        try:
            with ProcessPoolExecutor(workers, initializer=_end_at_signals) as pool:
                return list(pool.map(partial(check, project), releases, archives, folders))
        except BrokenProcessPool:
            raise CommandError('a process that checked a release was killed') from None


def _end_at_signals() -> None:
    """Let a signal end a worker at once: who started it cleans up."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def check(project: Project, release: Release, archive: Path, pristine: Path) -> Checked:
    """Check one release, unpacked into a folder for the purpose."""
    fetch.unpack(archive, pristine)
    woven = weave(project, release, pristine)
    removals = list(removed(woven, pristine))
    faults = [f'removes {line}' for line in removals if line.mark is None]
    faults += broken(woven, pristine)
    if release.name == project.default_release:
        faults += copied(project, release, pristine)
    return Checked(release.name, len(woven.files), removals, faults)


def copied(project: Project, release: Release, pristine: Path) -> Iterator[str]:
    """Each run of lines of the branch that also stands in the release."""
    ours = {path: _distinctive(source) for path, source in project.files(release).items()}
    runs: dict[tuple[str, ...], str] = {}
    branch_runs = {run for lines in ours.values() for _, run in _runs(lines)}
    for source in sorted(pristine.rglob('*')):
        if source.suffix in SUFFIXES and source.is_file():
            for number, run in _runs(_distinctive(source)):
                if run in branch_runs:
                    place = f'{source.relative_to(pristine)}:{number}'
                    runs.setdefault(run, place)
    for path, lines in ours.items():
        skip_to = 0
        for number, run in _runs(lines):
            if run in runs and number >= skip_to:
                yield f'{path}:{number}: also in {runs[run]}: {run[0]}'
                skip_to = lines[[n for n, _ in lines].index(number) + LEAST - 1][0] + 1


def _distinctive(source: Path) -> Lines:
    if source.suffix not in SUFFIXES:
        return []
    numbered = enumerate(source.read_text(errors='replace').splitlines(), 1)
    stripped = ((number, line.strip()) for number, line in numbered)
    return [(number, line) for number, line in stripped if not COMMONPLACE.match(line)]


def _runs(lines: Lines) -> Iterator[tuple[int, tuple[str, ...]]]:
    for at in range(len(lines) - LEAST + 1):
        yield lines[at][0], tuple(line for _, line in lines[at : at + LEAST])


def broken(woven: Woven, pristine: Path) -> Iterator[str]:
    """Each woven module that does not compile, or imports a module or name that Nova lacks."""
    modules = _Modules(woven, pristine)
    for path, content in woven.files.items():
        if not path.endswith('.py'):
            continue
        try:
            tree = ast.parse(content, path)
        except SyntaxError as error:
            yield f'{path}:{error.lineno}: the woven module does not compile: {error.msg}'
            continue
        for node in ast.walk(tree):
            for missing in modules.missing(node):
                yield f'{path}:{node.lineno}: imports {missing}, which is not there'


class _Modules:
    """What can be imported from the woven package, seen from its files alone."""

    def __init__(self, woven: Woven, pristine: Path) -> None:
        self.woven = woven
        self.pristine = pristine
        self.names: dict[str, set[str]] = {}

    def missing(self, node: ast.AST) -> Iterator[str]:
        match node:
            case ast.Import(names=names):
                for alias in names:
                    if _is_nova(alias.name) and self._source(alias.name) is None:
                        yield alias.name
            case ast.ImportFrom(module=str(module), names=names, level=0) if _is_nova(module):
                for alias in names:
                    if not self._has(module, alias.name):
                        yield f'{module}.{alias.name}'

    def _has(self, module: str, name: str) -> bool:
        return (
            name == '*'
            or self._source(f'{module}.{name}') is not None
            or name in self._defined(module)
        )

    def _source(self, module: str) -> bytes | None:
        base = module.replace('.', '/')
        for path in (f'{base}.py', f'{base}/__init__.py'):
            if path in self.woven.files:
                return self.woven.files[path]
            if (self.pristine / path).exists():
                return (self.pristine / path).read_bytes()
        return b'' if (self.pristine / base).is_dir() else None

    def _defined(self, module: str) -> set[str]:
        if module not in self.names:
            tree = ast.parse(self._source(module) or b'')
            nodes = list(ast.walk(tree))
            self.names[module] = {
                *(n.name for n in nodes if hasattr(n, 'name') and isinstance(n.name, str)),
                *(n.id for n in nodes if isinstance(n, ast.Name)),
                *(
                    a.asname or a.name
                    for n in nodes
                    if isinstance(n, ast.ImportFrom)
                    for a in n.names
                ),
            }
        return self.names[module]


def _is_nova(module: str) -> bool:
    return module.split('.')[0] == 'nova'

"""Test runs in the woven tree: the branch's own tests, and Nova's tests of what it touches."""

import json
import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from graft import fetch, report
from graft.errors import CommandError
from graft.project import Project, Release
from graft.run import step
from graft.workshop import venv

KINDS = ('unit', 'functional')


@dataclass(frozen=True)
class Outcome:
    passed: int
    failed: frozenset[str]

    def __str__(self) -> str:
        return f'{self.passed} passed, {len(self.failed)} failed'


def own(project: Project, release: Release, kind: str) -> list[str]:
    """The branch's own test modules of a kind."""
    base = f'nova/tests/{kind}/'
    files = [path for path in project.files(release) if path.startswith(base)]
    return [_module(path) for path in files if PurePosixPath(path).name.startswith('test_')]


def of_touched(project: Project, release: Release, source: Path) -> list[str]:
    """Nova's unit tests of the modules that the branch touches.

    A module's tests stand in the folder of its name among the tests, in a file that names it.
    """
    found: set[str] = set()
    for path, touches in report.touched(project, release).items():
        module = PurePosixPath(path)
        if touches[0]['how'] == 'new' or module.suffix != '.py' or 'tests' in module.parts:
            continue
        package = '.'.join(module.parent.parts)
        named = re.compile(
            rf'\bfrom {re.escape(package)} import {module.stem}\b|'
            rf'\b{re.escape(package)}\.{module.stem}\b'
        )
        beside = source / 'nova/tests/unit' / module.parent.relative_to('nova')
        for test in sorted(beside.glob('test_*.py')):
            if test.stem == f'test_{module.stem}' or named.search(test.read_text()):
                found.add(_module(test.relative_to(source).as_posix()))
        if (beside / module.stem).is_dir():
            found.add(_module((beside / module.stem).relative_to(source).as_posix()))
    return sorted(found)


def run(
    source: Path, python: Path, kind: str, modules: Sequence[str] = (), workers: int = 2
) -> Outcome:
    """Run test modules (or all of a kind) with stestr, its output as it comes."""
    command = [str(python), '-m', 'stestr', '--test-path', f'./nova/tests/{kind}', 'run']
    command += ['--concurrency', str(workers)]
    with tempfile.NamedTemporaryFile('w', suffix='.txt') as wanted:
        if modules:
            wanted.writelines(rf'^{re.escape(module)}\.' + '\n' for module in modules)
            wanted.flush()
            command += ['--include-list', wanted.name]
        done = subprocess.run(command, cwd=source, env=venv.environment(), check=False)
    return _outcome(source, python, done.returncode)


def _outcome(source: Path, python: Path, code: int) -> Outcome:
    last = subprocess.run(
        [str(python), '-m', 'stestr', 'last'],
        cwd=source,
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    failing = subprocess.run(
        [str(python), '-m', 'stestr', 'failing', '--list'],
        cwd=source,
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    passed = re.search(r'^ - Passed: (\d+)', last, re.MULTILINE)
    failed = frozenset(line.strip() for line in failing.splitlines() if line.startswith('nova.'))
    if passed is None or (code and not failed):
        raise CommandError(f'the test run ended with {code} and told no outcome; see above')
    return Outcome(int(passed.group(1)), failed)


def upstream(project: Project, release: Release) -> tuple[Outcome, Outcome]:
    """Nova's whole unit suite on the pristine and on the woven source, in that order.

    The pristine outcome is kept: neither the release nor its requirements change.
    """
    source, python = venv.make(project, release)
    kept = python.parent.parent / 'pristine-outcome.json'
    if kept.exists():
        passed, failed = json.loads(kept.read_text())
        before = Outcome(passed, frozenset(failed))
    else:
        before = _pristine(project, release, python)
        kept.write_text(json.dumps([before.passed, sorted(before.failed)]))
    ours = own(project, release, 'unit')
    after = run(source, python, 'unit')
    others = (t for t in after.failed if not any(t.startswith(f'{module}.') for module in ours))
    return before, Outcome(after.passed, frozenset(others))


def _pristine(project: Project, release: Release, python: Path) -> Outcome:
    pristine = project.work / release.name / 'pristine'
    if not pristine.exists():
        with step(f'unpack pristine Nova {release.version}'):
            fetch.unpack(fetch.tarball(project, release), pristine)
    return run(pristine, python, 'unit')


def _module(path: str) -> str:
    return path.removesuffix('.py').replace('/', '.')

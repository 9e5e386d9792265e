"""Test runs: the branch's own tests, and Nova's tests of what it touches, woven and pristine."""

import os
import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from graft import fetch, tree
from graft.errors import CommandError
from graft.project import Project, Release
from graft.run import step
from graft.workshop import venv

KINDS = ('unit', 'functional')
FEW = 5  # failed tests that a stall of a busy machine may explain


@dataclass(frozen=True)
class Outcome:
    passed: int
    failed: frozenset[str]
    skipped: int = 0
    unsteady: frozenset[str] = frozenset()  # failed, and passed when they ran again

    def __str__(self) -> str:
        skipped = f', {self.skipped} skipped' if self.skipped else ''
        return f'{self.passed} passed, {len(self.failed)} failed{skipped}'


def select(
    project: Project, release: Release, source: Path, kind: str, words: Sequence[str]
) -> list[str]:
    """The test modules that words stand for: sets of them, or modules and tests by name.

    ``own`` are the branch's, without those ``repeating`` others; ``touched`` are Nova's.
    """
    modules: list[str] = []
    for word in words:
        if word == 'own':
            modules += own(project, release, kind)
        elif word == 'repeating':
            modules += project.settings()['repeating']
        elif word == 'touched':
            modules += of_touched(project, source, kind)
        else:
            modules.append(word)
    return modules


def own(project: Project, release: Release, kind: str) -> list[str]:
    """The branch's own test modules of a kind, without those that repeat others."""
    base = f'nova/tests/{kind}/'
    files = [path for path in project.files(release) if path.startswith(base)]
    tests = [_module(path) for path in files if PurePosixPath(path).name.startswith('test_')]
    return [test for test in tests if test not in project.settings().get('repeating', ())]


def of_touched(project: Project, source: Path, kind: str) -> list[str]:
    """Nova's test modules of what the branch touches in a woven tree.

    A module's unit tests stand in the folder of its name among the tests, in a file that names it.
    Functional tests run whole services: `pyproject.toml` names those that drive what is touched.
    """
    changes = tree.changes(source)
    base = source / 'nova/tests' / kind
    tests: set[Path] = set()
    if kind == 'functional':
        for pattern in project.settings()['touched-functional']:
            tests.update(base.glob(pattern))
    else:
        for path, how in changes.items():
            if how != 'new' and path.endswith('.py') and '/tests/' not in path:
                tests |= _unit_tests(base, PurePosixPath(path))
    paths = (test.relative_to(source).as_posix() for test in tests)
    return sorted(_module(path) for path in paths if changes.get(path) != 'new')


def _unit_tests(base: Path, module: PurePosixPath) -> set[Path]:
    package = '.'.join(module.parent.parts)
    named = re.compile(
        rf'\bfrom {re.escape(package)} import {module.stem}\b|'
        rf'\b{re.escape(package)}\.{module.stem}\b'
    )
    beside = base / module.parent.relative_to('nova')
    tests = {
        test
        for test in beside.glob('test_*.py')
        if test.stem == f'test_{module.stem}' or named.search(test.read_text())
    }
    return tests | set((beside / module.stem).rglob('test_*.py'))


def run(source: Path, python: Path, kind: str, modules: Sequence[str] = ()) -> Outcome:
    """Run test modules (or all of a kind) with stestr, its output as it comes."""
    # Beside the tree, which every weave replaces: stestr spreads tests by the times it recorded.
    records = source.parent / f'{source.name}-{kind}-records'
    records.mkdir(exist_ok=True)
    latest = records / '.stestr/next-stream'
    before = latest.read_text() if latest.exists() else None
    stestr = [str(python), '-m', 'stestr', '--repo-url', str(records)]
    stestr += ['--test-path', f'./nova/tests/{kind}']
    cores = len(os.sched_getaffinity(0))
    # Functional tests ask a server for its state each half second, and sleep in between.
    workers = cores * 2 if kind == 'functional' else cores
    command = [*stestr, 'run', '--concurrency', str(workers)]
    # stestr hands the interpreter to a shell as it is, and the path of the project may hold spaces.
    env = {**venv.environment(), 'PYTHON': os.path.relpath(python, source)}
    with tempfile.NamedTemporaryFile('w', suffix='.txt') as listing:
        if modules:
            listing.writelines(rf'^{re.escape(module)}([.(]|$)' + '\n' for module in modules)
            listing.flush()
            command += ['--include-list', listing.name]
        result = subprocess.run(command, cwd=source, env=env, check=False)
    if not latest.exists() or latest.read_text() == before:  # Else the outcome is of another run.
        raise CommandError(f'no test was run, and stestr ended with {result.returncode}; see above')
    last = _output([*stestr, 'last'], source)
    failing = _output([*stestr, 'failing', '--list'], source)
    passed, skipped = (
        re.search(rf'^ - {what}: (\d+)', last, re.MULTILINE) for what in ('Passed', 'Skipped')
    )
    failed = frozenset(line.strip() for line in failing.splitlines() if line.startswith('nova.'))
    if passed is None or skipped is None or (result.returncode and not failed):
        raise CommandError(f'the test run ended with {result.returncode} and no outcome; see above')
    return Outcome(int(passed.group(1)), failed, int(skipped.group(1)))


def settle(outcome: Outcome, source: Path, python: Path, kind: str) -> Outcome:
    """Run a few tests that failed once more, by themselves; what passes then is named."""
    if not 0 < len(outcome.failed) <= FEW:
        return outcome
    unsteady = _passing_again(source, python, kind, outcome.failed)
    return replace(
        outcome,
        passed=outcome.passed + len(unsteady),
        failed=outcome.failed - unsteady,
        unsteady=unsteady,
    )


def _passing_again(source: Path, python: Path, kind: str, tests: frozenset[str]) -> frozenset[str]:
    """Return which tests pass when they run once more, by themselves."""
    return tests - run(source, python, kind, sorted(tests)).failed if tests else tests


def quick(project: Project, release: Release) -> Outcome:
    """Run the few tests that show at once whether the branch works in a release.

    All in one process, and without looking for others: that alone takes longer than these tests.
    """
    source, python = venv.make(project, release)
    command = [str(python), '-m', 'unittest', '--verbose', *project.settings()['quick']]
    process = subprocess.run(
        command,
        cwd=source,
        env=venv.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors='replace',
        check=False,
    )
    output = process.stdout
    ran = re.search(r'^Ran (\d+) tests? in', output, re.MULTILINE)
    failed = frozenset(re.findall(r'^(?:FAIL|ERROR): (.+)', output, re.MULTILINE))
    if process.returncode:
        print(output)
    if ran is None or (process.returncode and not failed):
        raise CommandError(f'the tests ended with {process.returncode} and no outcome; see above')
    skipped = len(re.findall(r' \.\.\. skipped ', output))
    return Outcome(int(ran[1]) - len(failed) - skipped, failed, skipped)


def _output(command: Sequence[str], source: Path) -> str:
    result = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    return result.stdout


@dataclass(frozen=True)
class Comparison:
    """Nova's tests on the woven source, and what those that fail there do elsewhere."""

    woven: Outcome
    pristine: frozenset[str]  # fail on Nova as released, too
    passing: frozenset[str]  # pass on the woven source when they run again

    @property
    def worse(self) -> frozenset[str]:
        return self.woven.failed - self.pristine - self.passing


def upstream(project: Project, release: Release, kind: str, words: Sequence[str]) -> Comparison:
    """Nova's tests of a kind (all, or those named) on the woven source and on the pristine one.

    Nova as released has to pass only what the woven source fails.
    """
    source, python = venv.make(project, release)
    ours = {_module(path) for path, how in tree.changes(source).items() if how == 'new'}
    after = run(source, python, kind, select(project, release, source, kind, words))
    failed = frozenset(t for t in after.failed if not any(t.startswith(f'{m}.') for m in ours))
    after = Outcome(after.passed, failed, after.skipped)
    if not failed:
        return Comparison(after, frozenset(), frozenset())
    before = run(pristine(project, release), python, kind, sorted(failed)).failed
    return Comparison(after, before, _passing_again(source, python, kind, failed - before))


def pristine(project: Project, release: Release) -> Path:
    """Nova as released, unpacked beside the woven tree."""
    folder = project.work / release.name / f'pristine-{release.version}'
    if not folder.exists():
        archive = fetch.tarball(project, release)
        with step(f'unpack pristine Nova {release.version}'):
            fetch.unpack(archive, folder)
    return folder


def _module(path: str) -> str:
    return path.removesuffix('.py').replace('/', '.')

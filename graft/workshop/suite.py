"""Everything that `make test` runs, stage by stage, and one line that counts it all."""

import re
import subprocess
import sys
import time
from collections import deque
from dataclasses import dataclass

from graft.project import Project, Release

PASSED = re.compile(r'\b(\d+) passed\b')
SKIPPED = re.compile(r'\b([1-9]\d*) skipped\b')
FAILED = re.compile(r'\b(\d+) (?:failed|errors?)\b')
TAIL = 60  # lines of a failed stage's output worth showing again


@dataclass(frozen=True)
class Stage:
    """A named command; it tells its outcome in a line such as ``12 passed, 1 failed``.

    One that cannot run here says why, and ends with ``0 passed, 0 failed, 1 skipped``.
    """

    name: str
    command: list[str]


@dataclass(frozen=True)
class Result:
    stage: Stage
    passed: int
    failed: int
    skipped: bool
    seconds: float
    end: list[str]


def stages(project: Project, release: Release) -> list[Stage]:
    words = {'python': sys.executable, 'release': release.name}
    return [
        Stage(stage['name'], [word.format(**words) for word in stage['run']])
        for stage in project.settings()['stage']
    ]


def run(project: Project, release: Release) -> int:
    """Run every stage, also after one has failed; the exit status."""
    results = []
    for stage in stages(project, release):
        print(f'\n== {stage.name}', flush=True)
        results.append(_run(project, stage))
    for result in results:
        if result.failed:  # Also whoever sees but the end of a long run is to see why it failed.
            print(f'\n== {result.stage.name}: how it ended', *result.end, sep='\n')
    print()
    for result in results:
        outcome = f'{result.passed} passed, {result.failed} failed'
        if result.skipped and not result.failed:
            outcome = 'skipped: see above'
        print(f'{result.seconds:6.0f} s  {outcome:26}  {result.stage.name}')
    failed = sum(result.failed for result in results)
    print(f'{sum(result.passed for result in results)} passed, {failed} failed', flush=True)
    return 1 if failed else 0


def _run(project: Project, stage: Stage) -> Result:
    start = time.monotonic()
    process = subprocess.Popen(
        stage.command, cwd=project.root, stdout=subprocess.PIPE, text=True, errors='replace'
    )
    outcome = ''
    end: deque[str] = deque(maxlen=TAIL)
    for line in process.stdout or ():
        print(line, end='', flush=True)
        end.append(line.rstrip())
        if PASSED.search(line) or FAILED.search(line):
            outcome = line
    code = process.wait()
    passed, failed = (_count(pattern, outcome) for pattern in (PASSED, FAILED))
    skipped = bool(SKIPPED.search(outcome)) and not passed
    if not failed and (code or not (passed or skipped)):
        end.append(f'{stage.name}: ended with {code} after {passed} tests')
        print(end[-1], flush=True)
        failed = 1
    return Result(stage, passed, failed, skipped, time.monotonic() - start, list(end))


def _count(pattern: re.Pattern[str], line: str) -> int:
    found = pattern.search(line)
    return int(found.group(1)) if found else 0

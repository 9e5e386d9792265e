"""Everything that `make test` runs, stage by stage, and one line that counts it all."""

import queue
import re
import shlex
import subprocess
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graft.project import Project, Release
from graft.workshop import machine, venv

PASSED = re.compile(r'\b(\d+) passed\b')
SKIPPED = re.compile(r'\b(\d+) skipped\b')
FAILED = re.compile(r'\b(\d+) (?:failed|errors?)\b')
# What pytest and stestr say of a test that they skip.
REASON = re.compile(r'^SKIPPED \[(?P<times>\d+)\] \S+: (?P<why>.+)|\.\.\. SKIPPED: (?P<one>.+)')
BROKEN = re.compile(r'^(?:FAILED|ERROR) (\S+::\S+)')  # what pytest says of a test in its summary
# What `graft` says of tests that failed, or failed once, and what pytest says.
NAMED = re.compile(r'^(?:failed|passes when it runs again): |^(?:FAILED|ERROR) \S+::')
TAIL = 60  # lines of a failed stage's output worth showing again


@dataclass(frozen=True)
class Stage:
    """A named command; it reports its outcome in a line such as ``12 passed, 1 failed``.

    One that cannot run here says why, and ends with ``0 passed, 0 failed, 1 skipped``. Stages of
    different lanes run side by side. One that ``needs`` a release is skipped where this Python
    cannot run that. Its ``tools`` are programs, each of a Debian package, which is installed where
    that is possible; tests that lack one skip themselves.
    """

    name: str
    command: list[str]
    lane: str = ''
    needs: str | None = None
    tools: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Result:
    """What came of a stage; its output is read while it runs."""

    stage: Stage
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0
    end: deque[str] = field(default_factory=lambda: deque(maxlen=TAIL))
    reasons: Counter[str] = field(default_factory=Counter)
    named: list[str] = field(default_factory=list)
    output: queue.Queue[str | None] = field(default_factory=queue.Queue)

    def say(self, line: str) -> None:
        self.end.append(line)
        self.output.put(line)
        if NAMED.search(line):
            self.named.append(line)
        if match := REASON.search(line):
            self.reasons[match['why'] or match['one']] += int(match['times'] or 1)

    def lines(self) -> Iterator[str]:
        """The output as it comes, to its end."""
        return iter(self.output.get, None)

    def __str__(self) -> str:
        skipped = f', {self.skipped} skipped' if self.skipped else ''
        return f'{self.passed} passed, {self.failed} failed{skipped}'


def stages(project: Project, release: Release, *, everything: bool = False) -> list[Stage]:
    """The stages for a release; with everything, those that depend on it for each other one too."""
    table = project.settings()['stage']
    chosen = _of_release(release, [stage for stage in table if everything or not stage.get('long')])
    depending = [stage for stage in table if '{release}' in stage['run']]
    for other in project.releases():
        if other != release:
            again = [stage for stage in depending if everything or stage.get('everywhere')]
            chosen += _of_release(other, again, f'{other.name}: ')
    return chosen


def _of_release(release: Release, table: Sequence[dict[str, Any]], title: str = '') -> list[Stage]:
    words = {'python': sys.executable, 'release': release.name}
    return [
        Stage(
            title + stage['name'],
            [word.format(**words) for word in stage['run']],
            stage.get('lane', ''),
            stage.get('needs') or (release.name if '{release}' in stage['run'] else None),
            stage.get('tools', {}),
        )
        for stage in table
    ]


def run(project: Project, release: Release, *, everything: bool = False) -> int:
    """Run every stage, also after one has failed; the exit status."""
    venv.check(project, release)
    results = [Result(stage) for stage in stages(project, release, everything=everything)]
    running: list[subprocess.Popen[str]] = []
    for lane in dict.fromkeys(result.stage.lane for result in results):
        of_lane = [result for result in results if result.stage.lane == lane]
        threading.Thread(target=_run_lane, args=(project, of_lane, running), daemon=True).start()
    try:
        for result in results:
            print(f'\n== {result.stage.name}', flush=True)
            for line in result.lines():
                print(line, flush=True)
            print(f'-- {result} in {result.seconds:.0f} s', flush=True)
    finally:
        for process in running:
            process.terminate()
    return _sum_up(results)


def _sum_up(results: Sequence[Result]) -> int:
    for result in results:
        if result.failed:  # Also whoever sees but the end of a long run is to see why it failed.
            print(f'\n== {result.stage.name}: how it ended', *result.end, sep='\n')
            broken = [match[1] for line in result.named if (match := BROKEN.search(line))]
            if broken:
                print('to run them again:')
                print(f'  {shlex.join([sys.executable, "-m", "pytest", *broken])}')
    for result in results:
        if result.reasons:
            print(f'\n== {result.stage.name}: what was skipped, and why')
            for reason, times in sorted(result.reasons.items()):
                print(f'{times:6}  {reason}')
    print()
    for result in results:
        print(f'{result.seconds:6.0f} s  {result!s:36}  {result.stage.name}')
    slowest = max(results, key=lambda result: result.seconds)
    print(f'slowest: {slowest.stage.name}')
    for result in results:
        print(*result.named, sep='\n', end='\n' * bool(result.named))
    passed, failed, skipped = (
        sum(getattr(result, what) for result in results) for what in ('passed', 'failed', 'skipped')
    )
    end = f', {skipped} skipped' if skipped else ''
    print(f'{passed} passed, {failed} failed{end}', flush=True)
    return 1 if failed else 0


def _run_lane(
    project: Project, results: Sequence[Result], running: list[subprocess.Popen[str]]
) -> None:
    for result in results:
        start = time.monotonic()
        try:
            _run(project, result, running)
        except OSError as error:
            result.say(f'{result.stage.name}: {error}')
            result.failed = 1
        finally:
            result.seconds = time.monotonic() - start
            result.output.put(None)


def _run(project: Project, result: Result, running: list[subprocess.Popen[str]]) -> None:
    stage = result.stage
    if stage.needs and (why := venv.refusal(project, project.release(stage.needs))):
        result.say(f'SKIPPED [1] {stage.needs}: {why.splitlines()[0]}')
        result.skipped = 1
        return
    if lack := machine.lacking(stage.tools):
        result.say(lack)
    process = subprocess.Popen(
        stage.command,
        cwd=project.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors='replace',
    )
    running.append(process)
    outcome = ''
    for line in process.stdout or ():
        result.say(line.rstrip('\n'))
        if PASSED.search(line) or FAILED.search(line):
            outcome = line
    code = process.wait()
    running.remove(process)
    result.passed, result.failed, result.skipped = (
        int(match[1]) if (match := pattern.search(outcome)) else 0
        for pattern in (PASSED, FAILED, SKIPPED)
    )
    if not result.failed and (code or not (result.passed or result.skipped)):
        result.say(f'{stage.name}: ended with {code} after {result.passed} tests')
        result.failed = 1

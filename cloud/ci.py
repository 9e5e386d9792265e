"""A cloud for one run of the quick end-to-end tests: made, used, taken away.

Where that cannot be, it is said, and counted as skipped: a machine without
root, or with another cloud on it, is no fault of the code.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from cloud import e2e, errors, files, lifecycle, machine, settings

#: In the state folder of a cloud that was made here, and may be removed here.
_MARK = 'made-for-tests'

_COUNTED = re.compile(r'\b(\d+) (passed|failed|errors?|skipped)\b')


def run(cloud: lifecycle.Cloud, release: str | None) -> int:
    """Make a cloud, test, and remove it; return the status to end with."""
    try:
        chosen = _prepare(cloud, release)
    except errors.CheckError as error:
        print(f'the cloud cannot be tested here: {error}')
        return _end({'skipped': 1})
    counts = {'failed': 1}
    with _terminable():
        try:
            _build(chosen.release)
            cloud.up(dataclasses.asdict(chosen))
            counts = _test(cloud)
        except errors.CloudError as error:
            print(f'the cloud does not come up: {error}\n{error.evidence}'.rstrip())
        except KeyboardInterrupt:
            print('interrupted')
        finally:
            cloud.wipe(packages=False)
            _mark(cloud).unlink(missing_ok=True)
    return _end(counts)


def count(line: str) -> dict[str, int]:
    """Return the numbers of a line of pytest's such as ``3 passed, 1 failed in 9.9s``."""
    counts = {'passed': 0, 'failed': 0, 'skipped': 0}
    for number, what in _COUNTED.findall(line):
        counts['failed' if what.startswith('error') else what] += int(number)
    return counts


def last_line(counts: dict[str, int]) -> str:
    """Return the line that ends it all."""
    line = f'{counts.get("passed", 0)} passed, {counts.get("failed", 0)} failed'
    return f'{line}, {counts["skipped"]} skipped' if counts.get('skipped') else line


def _prepare(cloud: lifecycle.Cloud, release: str | None) -> settings.Settings:
    """Raise when no cloud can be made here; else leave room for it."""
    machine.check()
    if _mark(cloud).exists():
        # Of a run that was interrupted.
        cloud.wipe(packages=False)
    elif (cloud.state / 'cloud.json').exists():
        raise errors.CheckError(
            f'there is a cloud in {cloud.state.root}, which is left alone\n'
            'run `xcloud e2e` against it, or `xcloud wipe` to remove it'
        )
    chosen = settings.Settings(database='mariadb')
    if release:
        chosen = dataclasses.replace(chosen, release=release)
    try:
        cloud.check(dataclasses.asdict(chosen))
    except errors.CheckError:
        # As it was before: there is no cloud.
        cloud.wipe(packages=False)
        raise
    files.write(_mark(cloud), '')
    return chosen


def _build(release: str) -> None:
    """Build the wheel that the cloud runs, with the environment that takes."""
    argv = ['make', 'wheel', f'RELEASE={release}']
    done = subprocess.run(argv, cwd=settings.REPOSITORY, stdout=sys.stderr, check=False)
    if done.returncode:
        raise errors.CommandError(argv, done.returncode, '')


def _test(cloud: lifecycle.Cloud) -> dict[str, int]:
    # A line for each test: who waits sees how far it is.
    argv, environment = e2e.call(cloud, ['-v', '-v'], short=True)
    tests = subprocess.Popen(
        argv,
        cwd=settings.REPOSITORY,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors='replace',
    )
    last = ''
    try:
        for line in tests.stdout or ():
            print(line, end='', flush=True)
            last = line if _COUNTED.search(line) else last
    except KeyboardInterrupt:
        # Not everybody who ends this one ends its children.
        tests.terminate()
        raise
    finally:
        tests.wait()
    counts = count(last)
    if tests.returncode and not counts['failed']:
        counts['failed'] = 1
    return counts


def _mark(cloud: lifecycle.Cloud) -> Path:
    return cloud.state / _MARK


def _end(counts: dict[str, int]) -> int:
    print(last_line(counts), flush=True)
    return 1 if counts.get('failed') else 0


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Have an order to end be an interruption: what was made is taken away."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)

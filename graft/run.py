"""Commands that graft runs, and how it says what it is doing."""

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from graft.errors import CommandError

TAIL = 30  # lines of a failed command's output worth showing


def run(
    command: Sequence[str | Path], *, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> str:
    """Run a command quietly and return what it printed; its output speaks only if it fails."""
    words = [str(word) for word in command]
    process = subprocess.run(
        words,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors='replace',
        check=False,
    )
    if process.returncode:
        place = f'(cd {shlex.quote(str(cwd))} && ' if cwd else '('
        end = '\n'.join(f'  {line}' for line in process.stdout.splitlines()[-TAIL:])
        raise CommandError(f'failed with {process.returncode}: {place}{shlex.join(words)})\n{end}')
    return process.stdout


@contextmanager
def step(what: str) -> Iterator[None]:
    """Say on stderr what is being done and, in the end, how long it took."""
    live = sys.stderr.isatty()
    back = '\r' if live else ''
    start = time.monotonic()
    print(f'  {what} ...', end='' if live else '\n', file=sys.stderr, flush=True)
    try:
        yield
    except BaseException:
        print(f'{back}  {what}: failed', file=sys.stderr, flush=True)
        raise
    took = time.monotonic() - start
    print(f'{back}  {what} ({took:.1f} s)', file=sys.stderr, flush=True)

"""Running a command to its end."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from cloud import errors


def run(
    argv: Sequence[str | Path],
    log: Path | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    given: str | None = None,
) -> str:
    """Run a command and return what it printed; a failure shows how to repeat it."""
    words = [str(word) for word in argv]
    done = subprocess.run(
        words,
        input=given,
        stdin=subprocess.DEVNULL if given is None else None,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, **(env or {})},
        cwd=cwd,
        text=True,
        errors='replace',
        check=False,
    )
    if log is not None:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open('a') as stream:
            stream.write(f'$ {shlex.join(words)}\n{done.stdout}')
    if done.returncode:
        prefix = [f'{name}={value}' for name, value in (env or {}).items()]
        whole = ['env', *prefix, *words] if prefix else words
        raise errors.CommandError(whole, done.returncode, done.stdout)
    return done.stdout


def succeeds(argv: Sequence[str | Path]) -> bool:
    """Return whether a command ends well; for asking, not for doing."""
    try:
        run(argv)
    except errors.CommandError:
        return False
    return True

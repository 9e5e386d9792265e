"""Every exception of the package.

CloudError              something the person at the keyboard can act on
├── CheckError          the machine or the state folder is not fit for it
├── CommandError        a command failed; carries it, its output and its log
└── NotReadyError       a service was started and did not answer in time
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path


class CloudError(Exception):
    """A failure whose text says what is wrong and what to do."""

    #: Lines of a log that explain the failure, shown under the text.
    evidence: str = ''


class CheckError(CloudError):
    """Something was found unfit before anything was changed."""


class CommandError(CloudError):
    """A command ended with a status other than 0."""

    def __init__(self, argv: Sequence[str], status: int, output: str) -> None:
        self.argv = list(argv)
        self.status = status
        self.evidence = last_lines(output)
        super().__init__(f'this command ended with status {status}:\n  {shlex.join(self.argv)}')


class NotReadyError(CloudError):
    """A service does not answer."""

    def __init__(
        self,
        service: str,
        what: str,
        log: Path | None = None,
        argv: Sequence[str] = (),
    ) -> None:
        text = f'{service}: {what}'
        if argv:
            text += f'\nto run it by hand:\n  {shlex.join(argv)}'
        if log is not None:
            text += f'\nits log is {log}'
            if log.exists():
                self.evidence = last_lines(log.read_text(errors='replace'))
        super().__init__(text)


def last_lines(text: str, count: int = 20) -> str:
    """Return the end of a log, short enough to read on a screen."""
    return '\n'.join(text.rstrip().splitlines()[-count:])

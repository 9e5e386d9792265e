"""What the services wrote during a test."""

from __future__ import annotations

import re
from pathlib import Path

from cloud import settings, waiting

_TRACE = re.compile(r'Traceback \(most recent call last\)')
_TROUBLE = re.compile(r' (ERROR|CRITICAL) |Traceback')

#: Written by the services in good health, whatever the test. After MariaDB was
#: killed, they find that out of each connection when they next need it, or return it.
HARMLESS = (
    'Database connection was found disconnected; reconnecting',
    'Exception during reset or similar: .*server has gone away',
    # Horizon of 2026.1, in a cloud without networks and without definitions of metadata.
    r'Unable to connect to Neutron: NotFoundException: .*/floatingips',
    'in metadefs_namespace_full_list',
)

#: What a compute says that has waited for a guest in vain.
IN_VAIN = 'libvirt|Timed out|timed out|Timeout|monitor|ServerAdjust'


class Logs:
    """The logs since a moment."""

    def __init__(self, state: settings.State) -> None:
        self._folder = state / 'log'
        self._start = {file: file.stat().st_size for file in self._files()}
        self._expected: list[str] = []

    def expect(self, pattern: str) -> None:
        """Say that the test itself causes tracebacks that match."""
        self._expected.append(pattern)

    def tracebacks(self) -> list[str]:
        """Return those that nobody expected, each with its error and its log."""
        expected = re.compile('|'.join([*self._expected, *HARMLESS]) or r'(?!)')
        matches = []
        for file in self._files():
            for block in _blocks(self._new(file)):
                if _TRACE.search(block) and not expected.search(block):
                    matches.append(f'{file.name}: {block}')
        return matches

    @staticmethod
    def brief(block: str) -> str:
        """Return what matters of a traceback: its first line, and its error."""
        first, *more = block.rstrip().splitlines()
        error = [line for line in more if line.split()[5:]][-1:]
        return '\n'.join(line[:400] for line in (first, *error))

    def matter(self, words: list[str], count: int = 30) -> str:
        """Return the lines worth reading after a failure: trouble, and the server's own."""
        matches = []
        for file in self._files():
            for block in _blocks(self._new(file)):
                if _TROUBLE.search(block) or (
                    ' WARNING ' in block and any(word in block for word in words)
                ):
                    matches += [f'{file.stem}: {line}' for line in self.brief(block).splitlines()]
        return '\n'.join(matches[-count:])

    def lines(self, pattern: str, label: str = '*') -> list[str]:
        """Return the lines of a service's log, or of all, that match."""
        return [
            line
            for file in sorted(self._folder.glob(f'{label}.log'))
            for line in self._new(file).splitlines()
            if re.search(pattern, line)
        ]

    def wait(self, pattern: str, label: str = '*', seconds: float = 60) -> None:
        """Wait until a service has written a line that matches."""
        if not waiting.until(lambda: bool(self.lines(pattern, label)), seconds):
            raise AssertionError(f'for {seconds} s the log {label} has no line like {pattern}')

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob('*.log'))

    def _new(self, file: Path) -> str:
        with file.open('rb') as stream:
            stream.seek(self._start.get(file, 0))
            return stream.read().decode(errors='replace')


def _blocks(text: str) -> list[str]:
    """Split a log at its dated lines, and join those of one traceback.

    oslo.log dates each line of a traceback, with the moment of the first.
    """
    blocks: list[str] = []
    last = None
    for line in text.splitlines():
        dated = re.match(r'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \d+ [A-Z]+ \S+', line)
        key = dated[0] if dated else last
        if blocks and key == last:
            blocks[-1] += '\n' + line
        else:
            blocks.append(line)
        last = key
    return blocks

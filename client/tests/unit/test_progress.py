"""How far a server is, on a terminal and elsewhere."""

from __future__ import annotations

import io

import pytest
from conftest import status

from xloudclient import ServerSize
from xloudclient.osc.progress import Progress

SIZES = [
    ServerSize.from_api(status('running', current_vcpus=vcpus)['xloud_status'])
    for vcpus in (3, 3, 1)
]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ('stream', 'shown'),
    [
        (io.StringIO(), 'vCPUs: 3 (asked for: 1)\nvCPUs: 1\n'),
        (Terminal(), '\r\x1b[KvCPUs: 3 (asked for: 1)\r\x1b[KvCPUs: 1\n'),
    ],
    ids=['file', 'terminal'],
)
def test_progress(stream: io.StringIO, shown: str) -> None:
    """A terminal has one line that lives; a file a line for each change, and none twice."""
    progress = Progress(stream, vcpus=1, memory_mb=None)
    for size in SIZES:
        progress(size)
    progress.end()
    assert stream.getvalue() == shown


def test_nothing_to_tell() -> None:
    """Of what was refused there is no progress, and no empty line."""
    stream = Terminal()
    Progress(stream, 1, 256).end()
    assert stream.getvalue() == ''

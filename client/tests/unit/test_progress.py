"""The progress of an adjustment, on a terminal and elsewhere."""

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
    ('stream', 'text'),
    [
        (io.StringIO(), 'vCPUs: 3 (requested: 1)\nvCPUs: 1\n'),
        (Terminal(), '\r\x1b[KvCPUs: 3 (requested: 1)\r\x1b[KvCPUs: 1\n'),
    ],
    ids=['file', 'terminal'],
)
def test_progress(stream: io.StringIO, text: str) -> None:
    """A terminal shows one changing line; a file gets a line for each change."""
    progress = Progress(stream, vcpus=1, memory_mb=None)
    for size in SIZES:
        progress(size)
    progress.end()
    assert stream.getvalue() == text


def test_no_progress() -> None:
    """A refused adjustment leaves no progress and no empty line."""
    stream = Terminal()
    Progress(stream, 1, 256).end()
    assert stream.getvalue() == ''

"""How the end-to-end tests read the services' logs."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloud import settings
from cloud.tests.e2e import logs

HEAD = '2026-01-01 00:00:00.001 12 ERROR nova.x'
TRACE = f"""{HEAD} [req-1] failed: ValueError
{HEAD} Traceback (most recent call last):
{HEAD}   File "x.py", line 1
{HEAD} ValueError: no
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / 'log').mkdir()
    (tmp_path / 'log' / 'nova.log').write_text(TRACE)
    return tmp_path


def test_old_lines_do_not_count(folder: Path) -> None:
    """Only what is written after the beginning is looked at."""
    assert logs.Logs(settings.State(folder)).tracebacks() == []


def test_traceback_is_one_thing(folder: Path) -> None:
    """The dated lines of one traceback are found together, with the error."""
    seen = logs.Logs(settings.State(folder))
    with (folder / 'log' / 'nova.log').open('a') as stream:
        stream.write(TRACE)
    assert seen.tracebacks() == [f'nova.log: {TRACE.rstrip()}']


def test_expected_traceback(folder: Path) -> None:
    """A traceback that the test causes is none of its surprises."""
    seen = logs.Logs(settings.State(folder))
    seen.expect('ValueError')
    (folder / 'log' / 'late.log').write_text(TRACE)
    assert seen.tracebacks() == []


@pytest.mark.parametrize(
    'message',
    [
        'Database connection was found disconnected; reconnecting: pymysql.err',
        'Exception during reset or similar: (2006, "MySQL server has gone away")',
    ],
)
def test_database_that_was_dead_before(folder: Path, message: str) -> None:
    """A service may find out long after the test that killed it."""
    seen = logs.Logs(settings.State(folder))
    (folder / 'log' / 'late.log').write_text(TRACE.replace('failed: ValueError', message))
    assert seen.tracebacks() == []


def test_waiting_for_a_line(folder: Path) -> None:
    """Only a new line of that service will do; its absence is an error."""
    seen = logs.Logs(settings.State(folder))
    with pytest.raises(AssertionError, match='for 0 s the log nova has no line like Value.rror'):
        seen.wait('Value.rror', 'nova', 0)
    (folder / 'log' / 'late.log').write_text(TRACE)
    assert seen.lines('Value.rror', 'nova') == []
    assert len(seen.lines('Value.rror', 'late')) == 2
    seen.wait('Value.rror')

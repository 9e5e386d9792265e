"""The sizes of a server over time: in Python, on the command line, and as a plot."""

from __future__ import annotations

import csv
import datetime
import json
from typing import Callable

import pytest
from conftest import HISTORY, Ended, Nova, recorded
from openstack import exceptions

from xloudclient import Elastic, Period
from xloudclient.osc import plot

Command = Callable[..., Ended]

DAY = datetime.datetime(2026, 2, 1, tzinfo=datetime.timezone.utc)
FROM = 'from=2026-02-01T00%3A00%3A00.000000Z'
PERIODS = [Period.from_api(period) for period in recorded('history')['xloud_history']]


def test_history(nova: Nova, elastic: Elastic) -> None:
    """Every field of the API is there, under its name; times are times."""
    nova.answer(HISTORY, recorded('history'))
    periods = elastic.history('web')
    assert periods == PERIODS
    assert periods[0].start == DAY + datetime.timedelta(hours=8, microseconds=250000)
    assert [period.cause for period in periods] == ['create', 'adjustment', 'drift']


def test_pages(nova: Nova, elastic: Elastic) -> None:
    """The next page begins with the end of the last period."""
    first, *others = recorded('history')['xloud_history']
    links = [{'rel': 'next', 'href': 'http://elsewhere'}]
    path = HISTORY[1]
    nova.answer(('GET', f'{path}?{FROM}'), {'xloud_history': [first], 'xloud_history_links': links})
    following = 'from=2026-02-01T09%3A00%3A00.000000Z'
    nova.answer(('GET', f'{path}?{following}'), {'xloud_history': others})
    assert elastic.history('web', DAY) == PERIODS


def test_deleted_server(nova: Nova, elastic: Elastic) -> None:
    """A server that cannot be found any more is given by its ID."""
    gone = '0c6d1a6e-93b5-4b5c-a6c6-6c17e5cd9d0b'
    nova.answer(('GET', f'/servers/{gone}'), recorded('refused-name'), status=404)
    nova.answer(('GET', f'/servers/detail?name={gone}'), {'servers': []})
    nova.answer(('GET', f'/servers/{gone}/xloud-history'), recorded('history'))
    assert elastic.history(gone) == PERIODS


def test_unknown_server(nova: Nova, elastic: Elastic) -> None:
    """Nova says that there is no such server."""
    nova.answer(('GET', '/servers/absent/xloud-history'), recorded('refused-name'), status=404)
    with pytest.raises(exceptions.NotFoundException):
        elastic.history('absent')


def test_command(nova: Nova, command: Command) -> None:
    """A row for each period, in each format."""
    nova.answer(HISTORY, recorded('history'))
    ended = command('server', 'size', 'history', 'web', '-f', 'json')
    assert (ended.status, ended.err) == (0, '')
    assert json.loads(ended.out)[2] == {
        **recorded('history')['xloud_history'][2],
        'start': '2026-02-01T11:00:00Z',
        'end': '2026-02-01T12:00:00Z',
    }
    ended = command('server', 'size', 'history', 'web', '-f', 'csv', '-c', 'vcpus', '-c', 'cause')
    assert list(csv.reader(ended.out.splitlines())) == [
        ['vcpus', 'cause'], ['1', 'create'], ['4', 'adjustment'], ['2', 'drift']
    ]  # fmt: skip


@pytest.mark.parametrize('text', ['2026-02-01', '2026-02-01T00:00Z', '2026-02-01T01:00+01:00'])
def test_times(nova: Nova, command: Command, text: str) -> None:
    """Times without an offset are in UTC."""
    to = FROM.replace('from', 'to')
    nova.answer(('GET', f'{HISTORY[1]}?{to}'), {'xloud_history': []})
    assert command('server', 'size', 'history', 'web', '--to', text).status == 0


def test_no_time(command: Command) -> None:
    """What is no time is refused, with what would be one."""
    ended = command('server', 'size', 'history', 'web', '--from', 'monday')
    assert ended.status != 0
    assert "'monday' is not a time: use 2026-02-01 or 2026-02-01T09:30" in ended.err


def test_plot(nova: Nova, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plot is as wide as the terminal."""
    monkeypatch.setenv('COLUMNS', '40')
    nova.answer(HISTORY, recorded('history'))
    ended = command('server', 'size', 'history', 'web', '--plot')
    assert (ended.status, ended.err) == (0, '')
    assert ended.out.splitlines() == list(plot.lines(PERIODS, 40))
    assert max(map(len, ended.out.splitlines())) == 40


def test_nothing_to_plot(nova: Nova, command: Command) -> None:
    """Whoever names a time without the server is not left with an empty screen."""
    nova.answer(HISTORY, {'xloud_history': []})
    ended = command('server', 'size', 'history', 'web', '--plot')
    assert (ended.status, ended.out) == (1, '')
    assert 'There is nothing to plot: the server had no size in that time.' in ended.err


def test_plot_lines() -> None:
    """The highest column is the maximum, and a period of any length has one."""
    short = PERIODS[1].start + datetime.timedelta(seconds=1)
    periods = [
        PERIODS[0], PERIODS[1].__class__(**{**vars(PERIODS[1]), 'end': short}),
        PERIODS[2].__class__(**{**vars(PERIODS[2]), 'start': short}),
    ]  # fmt: skip
    drawn = list(plot.lines(periods, 13))
    assert drawn[:9] == [
        'vCPUs',
        '   4  █',
        '      █',
        '      █',
        '      █',
        '   2  ███████',
        '      ███████',
        '     ████████',
        '     ████████',
    ]
    assert list(plot.lines([], 14)) == []

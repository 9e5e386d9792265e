"""What is read from traces and samples."""

import datetime

import pytest

from bench.cloud import profiler, trace
from bench.cloud.trace import Message, Query
from bench.measures import path

_SAMPLES = """\
run (eventlet/hub.py:1);do_poll (eventlet/epolls.py:9) 70
call (nova/api.py:1);save (nova/objects/instance.py:5);execute (sqlalchemy/engine.py:3) 20
call (nova/api.py:1);call (nova/api.py:2);check (nova/quota.py:7) 10
"""


def test_at_work():
    """Waiting does not count, and a function counts once however often it is on the stack."""
    profile = profiler.at_work(_SAMPLES)
    assert profile['packages'] == [('sqlalchemy', 20 / 30), ('nova', 10 / 30)]
    assert profile['functions'] == [
        ('nova/api.py: call', 1.0),
        ('nova/objects/instance.py: save', 20 / 30),
        ('nova/quota.py: check', 10 / 30),
    ]


def test_phases():
    """A moment belongs to the first phase that it does not come after, or to none."""
    window = path.Window(10, 11, 12, 14)
    moments = (9.9, 10, 11, 11.1, 13, 14.1)
    assert [window.phase(moment) for moment in moments] == [
        None, 'requested', 'requested', 'claimed', 'done', None,
    ]  # fmt: skip


def test_sorted():
    """Messages belong to an adjustment by their request, all else by its time."""
    messages = [
        Message(9, 'xloud_adjust', 'm0', 'before'),
        Message(9.5, None, 'm0', None),
        Message(11, 'xloud_adjust', 'm1', 'req'),
        Message(11.5, 'Instance.save', 'm2', 'req'),
        Message(11.6, 'Service.save', 'm3', 'other'),
        Message(11.7, None, 'm2', None),
        Message(12, None, 'm1', None),
        Message(13, 'Instance.save', 'm4', 'req'),
        Message(14, None, 'm4', None),
        Message(15, None, 'm3', None),
    ]
    statements = [Query(9, 'nova'), Query(11.6, 'nova'), Query(11.6, 'nova'), Query(13, 'nova')]
    result = path.sort(path.Round('grow', 10, ''), messages, statements)
    assert result == {
        'kind': 'grow',
        'seconds': {'requested': 1, 'claimed': 1, 'done': 2},
        'rpc': {
            'requested': ['xloud_adjust'],
            'claimed': ['Instance.save'],
            'done': ['Instance.save'],
        },
        'databases': {'requested': {}, 'claimed': {'nova': 2}, 'done': {'nova': 1}},
        'placement': {'requested': [], 'claimed': [], 'done': []},
    }


def test_placement_requests():
    """Requests are read from placement's log, with their time; other lines are passed over."""
    log = (
        '2026-11-26 10:00:00.250 7 INFO placement.requestlog [req-1] 127.0.0.1 '
        '"PUT /allocations/c0ffee" status: 204 len: 0\n'
        '2026-11-26 10:00:01.000 7 WARNING placement.objects another line "GET /traits"\n'
    )
    (request,) = trace.placement_requests(log)
    expected = datetime.datetime(2026, 11, 26, 10, 0, 0, 250_000).timestamp()
    assert request.when == pytest.approx(expected)
    assert request.target == 'PUT /allocations'

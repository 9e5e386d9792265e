"""What has to change of a server."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.xloud.elastic.plugins.module_utils import plan
from ansible_collections.xloud.elastic.plugins.module_utils.plan import Request

SIZE = {
    'current_vcpus': 2,
    'current_memory_mb': 512,
    'start_vcpus': 2,
    'start_memory_mb': 512,
    'min_vcpus': 1,
    'min_memory_mb': 256,
    'max_vcpus': 4,
    'max_memory_mb': 768,
    'returns_at': None,
    'adjust': None,
}
OPTIONS = {'vcpus': None, 'memory_mb': None, 'bound': None, 'persist': True, 'for_seconds': None}
LATER = '2026-02-01T11:30:00Z'


def adjusts(state: str, vcpus: int | None = 4, memory_mb: int | None = 768) -> dict[str, Any]:
    return {'adjust': {'state': state, 'vcpus': vcpus, 'memory_mb': memory_mb}}


@pytest.mark.parametrize(
    ('size', 'requested', 'changes'),
    [
        ({}, Request(2, 512), False),
        ({}, Request(2), False),
        ({}, Request(memory_mb=512), False),
        ({}, Request(3, 512), True),
        ({}, Request(3), True),
        ({}, Request(memory_mb=640), True),
        # Nova takes what is close to a bound for the bound.
        ({}, Request(memory_mb=520), False),
        ({}, Request(memory_mb=521), True),
        # It has the size now, but not after its next start.
        ({'start_vcpus': 1}, Request(2), True),
        ({'start_vcpus': 1}, Request(2, persist=False), False),
        ({'start_memory_mb': 256}, Request(memory_mb=512), True),
        ({'start_memory_mb': 256}, Request(2), False),
        # It has the size for a time.
        ({'returns_at': LATER}, Request(2), True),
        ({'returns_at': LATER}, Request(2, for_seconds=60), False),
        ({'returns_at': LATER}, Request(3, for_seconds=60), True),
        ({}, Request(2, for_seconds=60), False),
        # An adjustment to the same size is in progress, or is not.
        (adjusts('running'), Request(4, 768), False),
        (adjusts('waiting'), Request(4), False),
        (adjusts('moving'), Request(memory_mb=768), False),
        (adjusts('waiting'), Request(3, 768), True),
        (adjusts('waiting'), Request(4, 640), True),
        (adjusts('running', memory_mb=None), Request(4, 640), True),
        (adjusts('failed'), Request(4, 768), True),
        (adjusts('succeeded'), Request(4, 768), True),
        (adjusts('failed'), Request(2, 512), False),
        # It has the size, but not for long.
        (adjusts('waiting'), Request(2), True),
        (adjusts('running'), Request(2, 512), True),
        (adjusts('moving', vcpus=None), Request(memory_mb=512), True),
        # What an adjustment leaves as it is differs only if the server does.
        (adjusts('waiting', memory_mb=None), Request(4, 512), False),
        (adjusts('waiting', memory_mb=None), Request(memory_mb=512), False),
        (adjusts('waiting', memory_mb=None), Request(memory_mb=640), True),
        (adjusts('running', None, None), Request(3), True),
    ],
)
def test_changes(size: dict[str, Any], requested: Request, changes: bool) -> None:
    """Something changes if the server differs, and no adjustment makes it equal."""
    assert plan.changes({**SIZE, **size}, requested) is changes


@pytest.mark.parametrize(
    ('size', 'requested', 'in_progress'),
    [
        ({}, Request(2), False),
        # One of before that failed is not waited for.
        (adjusts('failed'), Request(4), False),
        (adjusts('running'), Request(4), True),
        (adjusts('waiting'), Request(4), True),
        (adjusts('waiting'), Request(2), False),
        # Nor is one of something else.
        (adjusts('waiting', memory_mb=None), Request(memory_mb=512), False),
        # To which size it leads is known at its end.
        (adjusts('running', None, None), Request(2), True),
    ],
)
def test_in_progress(size: dict[str, Any], requested: Request, in_progress: bool) -> None:
    """An adjustment of before to the same size is waited for."""
    assert plan.in_progress({**SIZE, **size}, requested) is in_progress


@pytest.mark.parametrize(
    ('options', 'expected'),
    [
        ({'vcpus': 3}, Request(3)),
        ({'memory_mb': 640, 'persist': False}, Request(None, 640, persist=False)),
        ({'bound': 'minimum'}, Request(1, 256)),
        ({'bound': 'maximum'}, Request(4, 768)),
        ({'bound': 'maximum', 'vcpus': 3}, Request(3, 768)),
        ({'bound': 'minimum', 'memory_mb': 640}, Request(1, 640)),
        ({'vcpus': 3, 'for_seconds': 60}, Request(3, for_seconds=60)),
    ],
)
def test_request(options: dict[str, Any], expected: Request) -> None:
    """A bound is that of the flavor of the server, and what is named takes precedence."""
    assert plan.request(SIZE, {**OPTIONS, **options}) == expected


@pytest.mark.parametrize(
    ('size', 'requested', 'differences'),
    [
        ({}, Request(3), {'current_vcpus': 3, 'start_vcpus': 3}),
        ({}, Request(3, persist=False), {'current_vcpus': 3}),
        ({}, Request(memory_mb=640), {'current_memory_mb': 640, 'start_memory_mb': 640}),
        ({'returns_at': LATER}, Request(2), {'returns_at': None}),
        (
            {},
            Request(3, persist=False, for_seconds=60),
            {'current_vcpus': 3, 'returns_at': 'in 60 seconds'},
        ),
    ],
)
def test_prediction(size: dict[str, Any], requested: Request, differences: dict[str, Any]) -> None:
    """The prediction has what the request changes, and leaves the rest."""
    before = plan.shown({**SIZE, **size})
    after = plan.predicted({**SIZE, **size}, requested)
    assert set(before) == set(after)
    assert {name: after[name] for name in after if after[name] != before[name]} == differences

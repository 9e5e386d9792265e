"""What was measured, carried on paper to a cloud that is larger than any here."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any, NamedTuple

from bench.cloud import fleet
from bench.report import markdown, stats
from bench.report.sections import compared

#: The cloud to which it is carried.
HOSTS, SERVERS = 10_000, 200_000

#: What one cell has then: as many hosts as were measured.
_CELL = 1_000

#: How often each server is adjusted, and Nova's own interval of service reports, in seconds.
_ADJUSTS_PER_DAY, _INTERVAL = 4, 10
_DAY = 86400


class _Carried(NamedTuple):
    """A cost as it was measured, and as a straight line continues it."""

    measured: float
    carried: float
    error: float


def make(points: Sequence[dict[str, Any]], cells: Sequence[dict[str, Any]]) -> str:
    """Return the text, or none if too little was measured for it."""
    own = [point for point in points if point['project'] == 'own']
    dense = [point for point in own if point['servers'] * HOSTS == point['hosts'] * SERVERS]
    sparse = [point for point in own if point['servers'] == point['hosts']]
    if min(len(dense), len(sparse), len(cells)) < 2:
        return ''
    largest = max(dense, key=lambda point: point['servers'])
    accepted, done, cpu = (carried(dense, key) for key in ('accepted', 'done', 'cpu'))
    report = _report(sparse)
    adjusts = SERVERS * _ADJUSTS_PER_DAY / _DAY
    cores = {
        'service reports': HOSTS / _INTERVAL * report,
        'adjustments': adjusts * cpu.carried,
    }
    more = HOSTS // _CELL - 1
    later = compared.slope([(cell['cells'], cell) for cell in cells], 'accepted')
    rows = [
        [name, f'{cost.measured:.3f}', f'{cost.carried:.3f} ± {cost.error:.3f}']
        for name, cost in (('accepted, s', accepted), ('done, s', done), ('CPU s each', cpu))
    ]
    return markdown.fill(
        'scale-carried',
        hosts=f'{HOSTS:,}', servers=f'{SERVERS:,}', cell=f'{_CELL:,}', cells=more + 1,
        costs=markdown.table(
            ['', f'measured: {largest["hosts"]:,} hosts, {largest["servers"]:,} servers',
             f'carried: {HOSTS:,} hosts, {SERVERS:,} servers'], rows),
        interval=_INTERVAL, reports=f'{HOSTS / _INTERVAL:,.0f}', report=f'{1000 * report:.0f}',
        report_cores=f'{cores["service reports"]:.0f}',
        per_day=_ADJUSTS_PER_DAY, adjusts=f'{adjusts:.1f}',
        adjust_cores=f'{cores["adjustments"]:.1f}', first=max(cores, key=cores.__getitem__),
        report_cores_cell=f'{cores["service reports"] * _CELL / HOSTS:.1f}',
        later=f'{1000 * more * later.slope:.0f} ± {1000 * more * later.error:.0f}',
    )  # fmt: skip


def carried(points: Sequence[dict[str, Any]], key: str) -> _Carried:
    """Continue the difference to the cloud that does not grow, by the number of servers."""
    line = compared.slope([(point['servers'], point) for point in points], key)
    largest = max(points, key=lambda point: point['servers'])
    measured = statistics.median(largest['grows'][key])
    more = SERVERS - largest['servers']
    return _Carried(measured, measured + more * line.slope, more * line.error)


def _report(points: Sequence[dict[str, Any]]) -> float:
    """Return the CPU seconds of one service report: what an idle host more takes."""
    interval = fleet.report_interval(max(point['hosts'] for point in points))
    return interval * stats.slope([(point['hosts'], point['rest']) for point in points]).slope

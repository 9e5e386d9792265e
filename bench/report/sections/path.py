"""What an adjustment asks of which service, in which phase, and where its CPU time goes."""

from __future__ import annotations

import statistics
from typing import Any

from bench.report import markdown, plot
from bench.report.section import Section

_PHASES = ('requested', 'claimed', 'done')
_DIRECTIONS = {'grow': 'Growing', 'shrink': 'Shrinking'}

_Adjustment = dict[str, Any]


def make(data: dict[str, Any]) -> Section:
    """Show the phases of an adjustment, the CPU of each service, and the profile of one."""
    adjustments = data['adjusts']
    values = {
        'count': len(adjustments),
        **{kind: _direction(kind, adjustments) for kind in _DIRECTIONS},
        'cpu_count': data['count'],
        'hottest': data['hottest'],
        'packages': markdown.table(['package', 'share'], _shares(data['profile']['packages'])),
        'functions': markdown.table(['function', 'share'], _shares(data['profile']['functions'])),
    }
    used = sorted(data['cpu'].items(), key=lambda item: -item[1])
    bars = [
        plot.Bar(service, 1000 * seconds, f'{1000 * seconds:.0f}')
        for service, seconds in used
        if seconds > 0.001
    ]
    return Section(values, {'cpu': plot.Bars('CPU time of one adjustment', 'ms', bars)})


def _direction(kind: str, adjustments: list[_Adjustment]) -> str:
    """Return what is said of the adjustments that grow, or of those that shrink."""
    chosen = [adjustment for adjustment in adjustments if adjustment['kind'] == kind]
    last = chosen[-1]
    return markdown.fill(
        'path-direction',
        title=_DIRECTIONS[kind],
        phases=_phases(chosen),
        calls=', '.join(f'`{name}`' for phase in _PHASES for name in last['rpc'][phase]),
        requests=', '.join(f'`{name}`' for phase in _PHASES for name in last['placement'][phase]),
    )


def _phases(adjustments: list[_Adjustment]) -> str:
    databases = sorted(
        {
            name
            for adjustment in adjustments
            for phase in _PHASES
            for name in adjustment['databases'][phase]
        }
    )

    heads = ['phase', 'ms', 'RPC calls', 'placement requests']
    return markdown.table(
        [*heads, *(f'statements, `{name}`' for name in databases)],
        [[phase, *_medians(adjustments, phase, databases)] for phase in _PHASES],
    )


def _medians(adjustments: list[_Adjustment], phase: str, databases: list[str]) -> list[str]:
    """Return the median of everything that is counted in a phase."""
    columns = [
        [1000 * adjustment['seconds'][phase] for adjustment in adjustments],
        *([len(adjustment[kind][phase]) for adjustment in adjustments]
          for kind in ('rpc', 'placement')),
        *([adjustment['databases'][phase].get(name, 0) for adjustment in adjustments]
          for name in databases),
    ]  # fmt: skip
    return [f'{statistics.median(column):.0f}' for column in columns]


def _shares(rows: list[tuple[str, float]]) -> list[list[str]]:
    return [[f'`{name}`', f'{100 * share:.0f}%'] for name, share in rows]

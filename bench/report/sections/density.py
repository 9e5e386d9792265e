"""How many servers fit on the same hosts, and how often they cannot grow then."""

from __future__ import annotations

from typing import Any

from bench.report import markdown, plot
from bench.report.section import Section


def make(data: dict[str, Any]) -> Section:
    """Show how many servers fit, and what is refused under load."""
    fits = data['fits']
    values = {
        'hosts': data['hosts'],
        'host_cpus': data['host'][0],
        'host_memory': data['host'][1],
        'max_vcpus': data['large'][0],
        'max_memory': data['large'][1],
        'shares': ', '.join(f'{mix}: {100 * share:.0f}%' for mix, share in data['mixes'].items()),
        'fits': markdown.table(
            ['flavor', 'servers that fit', 'ratio to fixed'],
            [[flavor, count, f'{count / fits["fixed"]:.1f}'] for flavor, count in fits.items()],
        ),
        'loads': _loads(data),
    }
    ratios = sorted({load['ratio'] for load in data['loads']})
    return Section(values, {f'density-{ratio}': _plot(data, ratio) for ratio in ratios})


def _loads(data: dict[str, Any]) -> str:
    return markdown.table(
        ['minimum:maximum', 'load', 'servers', 'ratio to fixed', 'requests to grow', 'refused'],
        [
            [
                f'1:{load["ratio"]}',
                load['mix'],
                load['servers'],
                f'{load["fill"]:.1f}',
                load['requested'],
                f'{_refused(load):.0f}%',
            ]
            for load in _sorted(data)
        ],
    )


def _plot(data: dict[str, Any], ratio: int) -> plot.Lines:
    points: dict[str, list[tuple[float, float]]] = {}
    for load in _sorted(data):
        if load['ratio'] == ratio:
            points.setdefault(load['mix'], []).append((load['fill'], _refused(load)))
    return plot.Lines(
        f'How often growth is refused, minimum:maximum 1:{ratio}',
        'servers, as a multiple of the number that fits with the fixed flavor',
        'refused, %',
        [plot.Series(mix, line) for mix, line in points.items()],
    )


def _refused(load: dict[str, Any]) -> float:
    """Return the share of refused requests, in percent."""
    return float(100 * load['refused'] / load['requested'])


def _sorted(data: dict[str, Any]) -> list[dict[str, Any]]:
    return sorted(data['loads'], key=lambda load: (load['ratio'], load['mix'], load['fill']))

"""How many servers fit on the same hosts, and how often they cannot grow then."""

from __future__ import annotations

from typing import Any, NamedTuple

from bench.report import markdown, plot
from bench.report.section import Section

#: The names of what happens if a host is full.
_WAYS = {'refuse': 'refused', 'wait': 'wait', 'move': 'move', 'others': 'and others'}
#: The load that the plots show.
_PLOTTED = 'mixed'


class _Load(NamedTuple):
    ratio: int
    mix: str
    fill: float


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
        'looks': f'{data["looks"]:,}',
        'oversold': data['oversold'] or 'none',
    }
    ratios = sorted({load['ratio'] for load in data['loads']})
    return Section(values, {f'density-{ratio}': _plot(data, ratio) for ratio in ratios})


def _loads(data: dict[str, Any]) -> str:
    rows = []
    for load, ways in _by_load(data):
        others = ways['others']
        rows.append([
            f'1:{load.ratio}', load.mix, others['servers'], f'{load.fill:.1f}',
            others['requested'], *(f'{_refused(ways[way]):.0f}%' for way in _WAYS),
            f'{_refused(others, "bound"):.0f}%',
            f'{others["moves"]} for {others["requested"] - others["refused"]}',
        ])  # fmt: skip
    heads = ['minimum:maximum', 'load', 'servers', 'ratio to fixed', 'requests to grow']
    return markdown.table([*heads, *_WAYS.values(), 'bound', 'moves for growths'], rows)


def _plot(data: dict[str, Any], ratio: int) -> plot.Lines:
    points: dict[str, list[tuple[float, float]]] = {}
    for load, ways in _by_load(data):
        if (load.ratio, load.mix) == (ratio, _PLOTTED):
            for way, name in _WAYS.items():
                points.setdefault(name, []).append((load.fill, _refused(ways[way])))
            bound = (load.fill, _refused(ways['others'], 'bound'))
            points.setdefault('bound', []).append(bound)
    return plot.Lines(
        f'How often growth is refused, minimum:maximum 1:{ratio}, {_PLOTTED} load',
        'servers, as a multiple of the number that fits with the fixed flavor',
        'refused, %',
        [plot.Series(name, line) for name, line in points.items()],
    )


def _refused(row: dict[str, Any], by: str = 'refused') -> float:
    """Return the share of refused requests, in percent."""
    return float(100 * row[by] / row['requested'])


def _by_load(data: dict[str, Any]) -> list[tuple[_Load, dict[str, dict[str, Any]]]]:
    """Return what was measured of each load, by what happens if a host is full."""
    loads: dict[_Load, dict[str, dict[str, Any]]] = {}
    for row in data['loads']:
        load = _Load(row['ratio'], row['mix'], row['fill'])
        loads.setdefault(load, {})[row['way']] = row
    return sorted(loads.items())

"""What one adjustment costs as the cloud grows."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any, NamedTuple

from bench.report import markdown, plot, stats
from bench.report.section import Section
from bench.report.sections import compared, scale_carried

#: What is compared, as the page names it and as the results do.
_COSTS = {'accepted': 'accepted', 'done': 'done', 'CPU': 'cpu'}
_HEADS = (
    'accepted p50, s', 'p95, s', 'done p50, s', 'p95, s', 'adjustments per second', 'CPU s each',
    'rows read each',
)  # fmt: skip

_Point = compared.Point


def make(data: dict[str, Any]) -> Section:
    """Show whether the cost of one adjustment depends on the size of the cloud."""
    points = data['points']
    first = points[0]
    ways = growths([point for point in points if point['project'] == 'own'])
    values = {
        'rows': sum(data['rows'].values()),
        'tables': sum(map(bool, data['rows'].values())),
        'adjusts': data['adjusts'],
        'adjusted': data['adjusts'] // len(first['grows']['cpu']),
        'first': first['hosts'],
        'points': _points(points),
        'ratios': markdown.table(
            ['hosts', 'servers', *_COSTS],
            [[*_size(point), *map(_median, _ratios(point).values())] for point in points],
        ),
        'slopes': markdown.table(
            ['', 'increase', 'ms', 'relative'],
            [row for growth in ways for row in growth.slopes()],
        ),
        'ending': _ending(data),
        'cells': _cells(data['cells'], first['hosts']),
        'carried': scale_carried.make(points, data['cells']),
    }
    return Section(values, {f'scale-{growth.name}': growth.plot() for growth in ways})


class Growth(NamedTuple):
    """One way in which the cloud grows, with everything else unchanged."""

    name: str
    #: What there is more of, and what stays as it is.
    subject: str
    constant: str
    #: How many there are, and what was measured then.
    points: list[tuple[int, _Point]]

    def slopes(self) -> list[list[str]]:
        """Return rows of a table: how much more each cost is."""
        numbers = [number for number, _ in self.points]
        increase = max(numbers) - min(numbers)
        rows = []
        for name, key in _COSTS.items():
            line, usual = _slope(self.points, key)
            rows.append(
                [name, f'{increase:,} more {self.subject}, {self.constant}', _ms(line, increase),
                 f'{100 * increase * line.slope / usual:+.0f}%']
            )  # fmt: skip
        return rows

    def plot(self) -> plot.Lines:
        """Return the costs as a ratio to those of the cloud that does not grow."""
        ratios = [(number, _ratios(point)) for number, point in self.points]
        return plot.Lines(
            f'Cost of one adjustment by number of {self.subject}, {self.constant}',
            self.subject,
            'ratio; the cloud that does not grow is 1',
            [
                plot.Series(name, [(n, statistics.median(costs[name])) for n, costs in ratios])
                for name in _COSTS
            ],
            log_x=True,
        )


def growths(points: Sequence[_Point]) -> list[Growth]:
    """Sort points by what they have in common; leave out what did not grow."""
    first = points[0]['hosts']
    per_host = [(point['servers'] // point['hosts'], point) for point in points]
    common = set.intersection(
        *({density for density, point in per_host if point['hosts'] == hosts}
          for hosts in {point['hosts'] for point in points})
    )  # fmt: skip
    low, high = min(common), max(common)
    candidates = [
        Growth('hosts', 'hosts', f'{low} server{"s" * (low > 1)} on each',
               [(point['hosts'], point) for density, point in per_host if density == low]),
        Growth('servers', 'servers', f'on more hosts, {high} on each',
               [(point['servers'], point) for density, point in per_host if density == high]),
        Growth('host', 'servers on each host', f'{first} hosts',
               [(density, point) for density, point in per_host if point['hosts'] == first]),
    ]  # fmt: skip
    return [growth for growth in candidates if len({number for number, _ in growth.points}) > 1]


def _ending(data: dict[str, Any]) -> str:
    """Say why the measurement ended with the last point."""
    if stopped := data.get('stopped'):
        return markdown.fill('scale-stopped', hosts=f'{stopped["hosts"]:,}', why=stopped['why'])
    apart, together = data['points'][-2:]
    return markdown.fill(
        'scale-complete',
        hosts=f'{together["hosts"]:,}',
        servers=f'{together["servers"]:,}',
        rows_apart=f'{_rows_read(apart):,.0f}',
        rows_together=f'{_rows_read(together):,.0f}',
    )


def _cells(points: list[_Point], hosts: int) -> str:
    increase = points[-1]['cells'] - points[0]['cells']
    line, _ = _slope([(point['cells'], point) for point in points], 'accepted')
    rows = [[str(point['cells']), *_figures(point)] for point in points]
    return markdown.fill(
        'scale-cells',
        hosts=hosts,
        points=markdown.table(['cells', *_HEADS], rows),
        more=increase,
        later=_ms(line, increase),
    )


def _points(points: list[_Point]) -> str:
    rows = [
        [
            *_size(point),
            *_figures(point),
            f'{100 * point["rest"]:.0f}%',
            f'{point["memory_mb"]:,}' if 'memory_mb' in point else '',
        ]
        for point in points
    ]
    return markdown.table(['hosts', 'servers', *_HEADS, 'idle CPU', 'memory, MiB'], rows)


def _size(point: _Point) -> list[str]:
    project = ' in one project' if point['project'] == 'all' else ''
    return [f'{point["hosts"]:,}', f'{point["servers"]:,}{project}']


def _figures(point: _Point) -> list[str]:
    costs = point['grows']
    accepted, done = stats.spread(costs['accepted']), stats.spread(costs['done'])
    return [
        f'{accepted.p50:.3f}', f'{accepted.p95:.3f}', f'{done.p50:.3f}', f'{done.p95:.3f}',
        f'{point["rate"]:.1f}', f'{statistics.fmean(costs["cpu"]):.3f}',
        f'{_rows_read(point):,.0f}',
    ]  # fmt: skip


def _rows_read(point: _Point) -> float:
    return statistics.fmean(point['grows']['rows'])


def _ratios(point: _Point) -> dict[str, list[float]]:
    """Return each cost in the cloud that grows, divided by that in the other, for each turn."""
    return {
        name: [grows / stays for grows, stays in compared.turns(point, key)]
        for name, key in _COSTS.items()
    }


def _median(ratios: list[float]) -> str:
    low, high = stats.median_confidence_interval(ratios)
    return f'{statistics.median(ratios):.2f} ({low:.2f} to {high:.2f})'


def _slope(points: Sequence[tuple[int, _Point]], key: str) -> tuple[stats.Slope, float]:
    """Return how a cost grows with a number, and its mean in the cloud that does not grow."""
    usual = statistics.fmean(
        stays for _, point in points for _, stays in compared.turns(point, key)
    )
    return compared.slope(points, key), usual


def _ms(line: stats.Slope, increase: int) -> str:
    return f'{1000 * increase * line.slope:+.1f} ± {1000 * increase * line.error:.1f}'

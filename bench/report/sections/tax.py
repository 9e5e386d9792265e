"""What ordinary flavors pay for a fork that they do not use."""

from __future__ import annotations

import statistics
from typing import Any

from bench.report import markdown, plot, stats
from bench.report.section import Section

#: What is measured, as the page names it, and whether more of it or less is better.
_MEASURED = {
    'boots': ('boots per second, four at a time', 'higher'),
    'list': ('`GET /servers/detail`, s', 'lower'),
    'show': ('`GET /servers/ID`, s', 'lower'),
    'scheduler': ('scheduler, CPU s per boot', 'lower'),
    'cpu': ('all services, CPU s per boot', 'lower'),
}


def make(data: dict[str, Any]) -> Section:
    """Show the fork against stock Nova."""
    rows, bars = [], []
    for key, (name, _) in _MEASURED.items():
        fork, stock = (
            statistics.median(turn[key] for turn in data[kind]) for kind in ('fork', 'pristine')
        )
        turns = ratios(data, key)
        ratio = f'{statistics.median(turns):.2f}'
        low, high = stats.median_confidence_interval(turns)
        medians = map(plot.number, (fork, stock))
        rows.append([name, *medians, f'**{ratio}**', f'{low:.2f} to {high:.2f}'])
        bars.append(plot.Bar(name.replace('`', ''), statistics.median(turns), ratio))
    values = {
        'turns': len(data['fork']),
        'exchanged': markdown.fill('tax-exchanged') if data['exchanged'] else '',
        **{name: data[name] for name in ('boots', 'hosts', 'reads')},
        'ratios': markdown.table(['', 'fork', 'stock', 'ratio', '95% confidence interval'], rows),
    }
    picture = plot.Bars(
        'The fork compared with stock Nova: higher is better', 'ratio; stock Nova is 1', bars
    )
    return Section(values, {'tax': picture})


def ratios(data: dict[str, Any], key: str) -> list[float]:
    """Return how the fork compared with stock Nova in each turn; above 1 it was better."""
    pairs = zip(data['fork'], data['pristine'], strict=True)
    higher = _MEASURED[key][1] == 'higher'
    return [fork[key] / stock[key] if higher else stock[key] / fork[key] for fork, stock in pairs]

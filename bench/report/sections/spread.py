"""What it gains to spread servers by what they may still grow."""

from __future__ import annotations

import statistics
from typing import Any

from bench.report import markdown, plot, stats
from bench.report.section import Section

_KINDS = {'plain': 'by what servers have', 'spread': 'and by what they may still grow'}


def make(data: dict[str, Any]) -> Section:
    """Show what is refused with the weigher and without."""
    rows, bars = [], []
    for kind, name in _KINDS.items():
        placements = data[kind]
        shares = [100 * row['refused'] / row['requested'] for row in placements]
        mean = statistics.fmean(shares)
        uneven = statistics.fmean(max(row['growing']) - min(row['growing']) for row in placements)
        text = f'{mean:.1f}%'
        rows.append([name, f'{uneven:.1f}', text, f'{min(shares):.1f}% to {max(shares):.1f}%'])
        bars.append(plot.Bar(name, mean, text))
    gains = [
        100 * (plain['refused'] - spread['refused']) / plain['requested']
        for plain, spread in zip(data['plain'], data['spread'], strict=True)
    ]
    low, high = stats.median_confidence_interval(gains)
    first = data['plain'][0]
    values = {
        **{name: data[name] for name in ('hosts', 'elastic', 'fixed', 'placements', 'loads')},
        'host_cpus': data['host'][0],
        'small': data['small'][0],
        'large': data['large'][0],
        'size': data['size'][0],
        'share': f'{100 * data["share"]:.0f}',
        'requested': f'{first["requested"]:,}',
        'bound': f'{100 * first["bound"] / first["requested"]:.1f}%',
        'gain': f'{statistics.median(gains):.1f}',
        'low': f'{low:.1f}',
        'high': f'{high:.1f}',
        'replayed': '; '.join(
            f'{row["refused"]} of {row["requested"]}, calculated {row["calculated"]}'
            for row in data['replayed']
        ),
        'refused': markdown.table(
            ['servers are spread', 'most less fewest elastic on a host', 'refused', 'range'], rows
        ),
    }
    picture = plot.Bars(
        'How often growth is refused, by how servers were spread', 'refused, %', bars
    )
    return Section(values, {'spread': picture})

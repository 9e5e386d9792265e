"""How long Nova needs to say what ordinary servers of a large project have had."""

from __future__ import annotations

import statistics
from typing import Any

from bench.report import markdown, plot, stats
from bench.report.section import Section

#: What is measured, as the page names it.
_MEASURED = {'seconds': 'until the last page is there, s', 'cpu': 'nova-api and MariaDB, CPU s'}


def make(data: dict[str, Any]) -> Section:
    """Show the fork against stock Nova."""
    rows = []
    for key, name in _MEASURED.items():
        fork, stock = ([read[key] for read in data[kind]] for kind in ('fork', 'pristine'))
        times = ratios(data, key)
        low, high = stats.median_confidence_interval(times)
        medians = map(plot.number, map(statistics.median, (fork, stock)))
        ratio = f'**{statistics.median(times):.2f}**'
        rows.append([name, *medians, ratio, f'{low:.2f} to {high:.2f}'])
    heads = ['', 'fork', 'stock', 'ratio', '95% confidence interval']
    values = {
        'servers': f'{data["servers"]:,}',
        'reads': len(data['fork']),
        'ratios': markdown.table(heads, rows),
    }
    lines = plot.Lines(
        f'Usage of a project with {data["servers"]:,} servers',
        'seconds',
        'share of requests',
        [
            plot.Series(name, stats.distribution([read['seconds'] for read in data[kind]]))
            for kind, name in (('fork', 'fork'), ('pristine', 'stock Nova'))
        ],
    )
    return Section(values, {'usage': lines})


def ratios(data: dict[str, Any], key: str) -> list[float]:
    """Return how often as long the fork takes: its reads by those of stock Nova beside them."""
    pairs = zip(data['fork'], data['pristine'], strict=True)
    return [fork[key] / stock[key] for fork, stock in pairs]

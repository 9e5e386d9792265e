"""How long weaving and building take for each release."""

from __future__ import annotations

import statistics
from typing import Any

from bench.report import markdown, plot
from bench.report.section import Section

_STEPS = ('unpack', 'weave', 'wheel')


def make(data: dict[str, Any]) -> Section:
    """Show the median time of each step and release."""
    medians = {
        release: [statistics.median(run[step] for run in runs) for step in _STEPS]
        for release, runs in data['seconds'].items()
    }
    times = markdown.table(
        ['release', 'woven files', 'unpack, s', 'weave, s', 'whole wheel, s'],
        [
            [release, data['files'][release], *(f'{seconds:.1f}' for seconds in row)]
            for release, row in medians.items()
        ],
    )
    bars = [plot.Bar(release, row[-1], f'{row[-1]:.1f}') for release, row in medians.items()]
    return Section(
        {'runs': len(next(iter(data['seconds'].values()))), 'times': times},
        {'build': plot.Bars('From the tarball to the wheel of the fork', 'seconds', bars)},
    )

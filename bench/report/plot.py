"""Plots as data: what they show. ``draw`` makes pictures of them, in an environment of its own."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.report import environment
from cloud import command

#: Of text, axes and grid. A picture cannot know whether the page around it is light or dark, so
#: its background is transparent and every colour is legible on both.
INK = '#767d86'
#: Of series, in this order.
COLOURS = ('#2f81d6', '#cf5f1e', '#2e9247', '#a259d9', '#c23b6b', '#8a7a00')


@dataclasses.dataclass(frozen=True)
class Series:
    """Points joined by a line, and their name in the legend."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclasses.dataclass(frozen=True)
class Lines:
    """Series over two axes."""

    title: str
    x: str
    y: str
    series: Sequence[Series]
    log_x: bool = False


@dataclasses.dataclass(frozen=True)
class Bar:
    """A bar: its label, its length, and the text at its end."""

    name: str
    value: float
    text: str


@dataclasses.dataclass(frozen=True)
class Bars:
    """Horizontal bars to one scale."""

    title: str
    unit: str
    bars: Sequence[Bar]


Plot = Lines | Bars


def draw(plots: Mapping[str, Plot]) -> dict[str, str]:
    """Return each plot as SVG; the same plots always give the same bytes."""
    request = {
        'ink': INK,
        'colours': COLOURS,
        'plots': {
            name: {'kind': type(plot).__name__, **dataclasses.asdict(plot)}
            for name, plot in plots.items()
        },
    }
    program = Path(__file__).with_name('draw.py')
    with tempfile.TemporaryDirectory(prefix='bench-') as folder:
        # Isolated: what it draws depends on the pinned packages alone.
        words = [environment.python(), '-I', program, folder]
        command.run(words, env={'MPLCONFIGDIR': str(environment.FOLDER)}, given=json.dumps(request))
        return {name: Path(folder, f'{name}.svg').read_text() for name in plots}


def number(value: float) -> str:
    """Return a number in the shortest clear form."""
    if value and abs(value) < 10:
        return f'{value:.3g}'
    return f'{value:,.0f}'

"""Draws plots with matplotlib: reads them as JSON on standard input, writes SVG files to a folder.

Runs as a program of its own in the environment that has matplotlib, and imports nothing of ours.
"""

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib
from cycler import cycler
from matplotlib import font_manager, ticker
from matplotlib.axes import Axes
from matplotlib.figure import Figure

#: In inches; with 72 points to an inch this is 720 CSS pixels wide.
_WIDTH, _HEIGHT = 7.5, 3.75
_BAR = 0.27
#: For titles, labels and margins around bars.
_AROUND = 0.75

#: What is drawn in ink.
_INKED = (
    'axes.edgecolor', 'axes.labelcolor', 'axes.titlecolor', 'grid.color', 'text.color',
    'xtick.color', 'ytick.color',
)  # fmt: skip

_STYLE = {
    'font.sans-serif': ['DejaVu Sans', 'Verdana'],  # matplotlib's own font, and one as wide
    'font.size': 9.75,
    'axes.titlesize': 9.75,
    'axes.titlelocation': 'left',
    'axes.grid': True,
    'axes.grid.axis': 'y',
    'axes.axisbelow': True,
    'axes.spines.left': False,
    'axes.spines.right': False,
    'axes.spines.top': False,
    'grid.alpha': 0.25,
    'ytick.left': False,
    'text.parse_math': False,  # a dollar is a dollar
    'legend.frameon': False,
    'lines.linewidth': 1.5,
    'lines.markersize': 5,
    # Text stays text, and what is random or dated in SVG is fixed.
    'svg.fonttype': 'none',
    'svg.hashsalt': 'bench',
}


def main() -> None:
    """Draw every plot of the request."""
    request, folder = json.load(sys.stdin), Path(sys.argv[1])
    matplotlib.rcdefaults()  # Whatever the user has configured.
    fonts = font_manager.fontManager
    # Another version of the font, on this machine, would place text a little differently.
    fonts.ttflist = [
        font for font in fonts.ttflist if font.fname.startswith(matplotlib.get_data_path())
    ]
    matplotlib.rcParams.update(_STYLE)
    matplotlib.rcParams.update(dict.fromkeys(_INKED, request['ink']))
    matplotlib.rcParams['axes.prop_cycle'] = cycler(color=request['colours'])
    for name, plot in request['plots'].items():
        draw(plot, folder / f'{name}.svg')


def draw(plot: dict[str, Any], file: Path) -> None:
    """Draw a plot into a file."""
    bars = plot['kind'] == 'Bars'
    height = _AROUND + _BAR * len(plot['bars']) if bars else _HEIGHT
    figure = Figure(figsize=(_WIDTH, height), layout='constrained')
    (_bars if bars else _lines)(figure.subplots(), plot)
    figure.suptitle(plot['title'], x=0.01, horizontalalignment='left', size=11.25, weight='bold')
    # Screen readers speak the title. The rest would record when and by what it was drawn.
    metadata = {'Title': plot['title'], 'Creator': None, 'Date': None, 'Format': None, 'Type': None}
    figure.savefig(file, transparent=True, metadata=metadata)


def _lines(axes: Axes, plot: dict[str, Any]) -> None:
    for series in plot['series']:
        x, y = zip(*series['points'], strict=True)
        axes.plot(x, y, marker='o' if len(x) < 20 else None, label=series['name'])
    if plot['log_x']:
        axes.set_xscale('log')
        axes.xaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_minor_locator(ticker.NullLocator())
    axes.xaxis.set_major_formatter(ticker.FuncFormatter(_number))
    axes.yaxis.set_major_formatter(ticker.FuncFormatter(_number))
    highest = max(y for series in plot['series'] for _, y in series['points'])
    axes.set_ylim(0, 1.08 * highest or 1)  # Room for the topmost marker.
    axes.set_xlabel(plot['x'])
    axes.set_title(plot['y'])
    if len(plot['series']) > 1:
        # Above the axes, where no line can cross it.
        axes.legend(
            loc='lower right',
            bbox_to_anchor=(1, 1),
            ncols=len(plot['series']),
            borderaxespad=0,
            labelcolor='linecolor',
        )


def _bars(axes: Axes, plot: dict[str, Any]) -> None:
    names = [bar['name'] for bar in plot['bars']]
    drawn = axes.barh(names, [bar['value'] for bar in plot['bars']], height=0.7)
    axes.bar_label(drawn, labels=[bar['text'] for bar in plot['bars']], padding=4)
    axes.invert_yaxis()
    axes.grid(False)
    axes.spines['bottom'].set_visible(False)
    axes.margins(x=0.1, y=0.02)
    axes.set_xticks([])
    axes.set_xlabel(plot['unit'], loc='left')


def _number(value: float, position: int | None = None) -> str:
    return f'{value:,.10g}'


if __name__ == '__main__':
    main()

"""The page of results, made from what the measures kept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.report import results
from cloud import files

_INTRODUCTION = """\
# What elasticity costs and what it gives

This page and its plots are generated from `results/`. `make bench` takes everything anew;
`make bench-quick` takes less of everything.

    python -m bench adjust --quick    # one measure
    python -m bench page              # this page, from the kept results

A measure needs the one-machine cloud on MariaDB, as root on Debian 12, and brings it up; one on
SQLite has to go before (`cloud/xcloud wipe`). It uses servers, flavors and fake hosts of its own,
and removes them.

Guests are emulated by QEMU (TCG, not KVM), so what a guest does takes longer than on real
hardware. Everything is on one machine: client, API, database, messages, hosts. So compare
figures with each other, and not with those of other machines. What is compared was measured side
by side, in turns, in one run. Where the load before a measure was above the number of cores, the
machine was busy with something else: then counts hold, and times say little.

They have shown what was slow, and it was mended: a compute looked at a guest twice a second, so for
much of an adjust it slept; now it looks soon, and then ever less often. What is left to gain is in
the conductor, which mostly records the server, several times for each adjust.

"""


class Page:
    """A page that grows from top to bottom."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.parts = [_INTRODUCTION]
        self.plots: dict[str, str] = {}

    def section(self, title: str, result: dict[str, Any]) -> None:
        """Begin a measure: what gives it, when and on what it was taken."""
        self.parts.append(
            f'## {title}\n\n    {result["command"]}\n\nTaken {result["taken"]} on '
            f'{result["machine"]}.\nThe load before: {result["load"]}.\n\n'
        )

    def say(self, text: str) -> None:
        """Add a paragraph."""
        self.parts.append(wrapped(text) + '\n\n')

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Add a table."""
        self.parts.append(table(heads, rows) + '\n')

    def plot(self, name: str, picture: str) -> None:
        """Add a plot, in a file of its own."""
        self.plots[name] = picture
        self.parts.append(f'![{name}](plots/{name}.svg)\n\n')

    def write(self) -> Path:
        """Put the page and its plots in their places, and remove plots it does not show."""
        folder = self.folder / 'plots'
        for file in folder.glob('*.svg'):
            if file.stem not in self.plots:
                file.unlink()
        for name, picture in self.plots.items():
            files.write(folder / f'{name}.svg', picture, 0o644)
        file = self.folder / 'README.md'
        files.write(file, ''.join(self.parts).rstrip() + '\n', 0o644)
        return file


def make(measures: dict[str, Any], folder: Path = results.FOLDER) -> Path:
    """Make the page of all measures that have a result."""
    page = Page(folder)
    for name, measure in measures.items():
        result = results.kept(name)
        if result:
            page.section(measure.TITLE, result)
            measure.page(page, result['data'])
    return page.write()


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Give a table; columns of numbers stand to the right."""
    columns = list(zip(*rows, strict=True)) or [()] * len(heads)
    ruler = ['---:' if all(map(_is_number, column)) else '---' for column in columns]
    lines = [heads, ruler, *rows]
    return ''.join('| ' + ' | '.join(map(str, line)) + ' |\n' for line in lines)


def wrapped(text: str, width: int = 100) -> str:
    """Break a paragraph into lines, as the pages of the project are."""
    lines = ['']
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append(word)
        else:
            lines[-1] = f'{lines[-1]} {word}'.strip()
    return '\n'.join(lines)


def _is_number(cell: object) -> bool:
    return str(cell).replace(',', '').lstrip('+-').rstrip('%').replace('.', '', 1).isdigit()

"""The published page, made from the results that are kept."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

from bench.report import markdown, plot, results
from bench.report.section import Section
from bench.report.sections import adjust, build, density, memory, path, scale, spread, tax, usage
from cloud import files

#: In the order of the page.
SECTIONS: dict[str, ModuleType] = {
    'adjust': adjust,
    'memory': memory,
    'path': path,
    'tax': tax,
    'usage': usage,
    'density': density,
    'spread': spread,
    'scale': scale,
    'build': build,
}


def write(folder: Path = results.FOLDER) -> Path:
    """Write the page of all measurements that have a result, and its plots; return the page."""
    parts = [markdown.fill('introduction')]
    plots: dict[str, plot.Plot] = {}
    for name, module in SECTIONS.items():
        result = results.load(name)
        if result:
            section: Section = module.make(result['data'])
            parts.append(render(name, result, section))
            plots |= section.plots
    _write_plots(folder / 'plots', plots)
    file = folder / 'README.md'
    files.write(file, '\n\n'.join(parts) + '\n', 0o644)
    return file


def render(name: str, result: dict[str, Any], section: Section) -> str:
    """Return the Markdown of a section: its template, with all that the result says."""
    source = {key: result[key] for key in ('command', 'taken', 'machine', 'load')}
    images = '\n\n'.join(
        f'![{picture.title}](plots/{file}.svg)' for file, picture in section.plots.items()
    )
    return markdown.fill(
        name, source=markdown.fill('source', **source), plots=images, **section.values
    )


def _write_plots(folder: Path, plots: dict[str, plot.Plot]) -> None:
    """Draw plots into a folder, and remove those that the page no longer shows."""
    pictures = plot.draw(plots)
    for file in folder.glob('*.svg'):
        if file.stem not in pictures:
            file.unlink()
    for name, picture in pictures.items():
        files.write(folder / f'{name}.svg', picture, 0o644)

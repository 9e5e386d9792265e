"""How long it takes to weave the branch into each release, and to build the wheel."""

from __future__ import annotations

import json
import statistics
from typing import Any

from bench.report import plot
from bench.report.page import Page
from cloud import command, progress, settings

TITLE = 'Weave and build'


def run(shown: progress.Progress, quick: bool) -> dict[str, Any]:
    """Make each release some times, in turns; if quick, the oldest and the newest once."""
    root = settings.REPOSITORY
    command.run(['make', '--quiet', '.fork/venv/ready'], cwd=root)
    releases = sorted(file.parent.name for file in root.glob('releases/*/release.toml'))
    if quick:
        releases = [releases[0], releases[-1]]
    taken: dict[str, list[dict[str, float]]] = {release: [] for release in releases}
    files: dict[str, int] = {}
    for _ in range(1 if quick else 3):
        for release in releases:
            with shown.step(f'weave and build {release}'):
                program = [root / '.fork/venv/bin/python', '-m', 'bench.inside.weaving', release]
                said = json.loads(command.run(program, cwd=root).splitlines()[-1])
            taken[release].append(said['seconds'])
            files[release] = said['files']
    return {'files': files, 'seconds': taken}


def page(page: Page, data: dict[str, Any]) -> None:
    """Show the time of each step and release."""
    times = len(next(iter(data['seconds'].values())))
    page.say(
        f'The median of {times}, in turns; the tarball is there already. The wheel is made from '
        'the tarball, so its time has unpacking and weaving in it.'
    )
    steps = ('unpack', 'weave', 'wheel')
    middle = {
        release: [statistics.median(each[step] for each in taken) for step in steps]
        for release, taken in data['seconds'].items()
    }
    page.table(
        ['release', 'files of the weave', 'unpack, s', 'weave, s', 'whole wheel, s'],
        [[release, data['files'][release], *(f'{value:.1f}' for value in values)]
         for release, values in middle.items()],
    )  # fmt: skip
    page.plot(
        'build',
        plot.bars('From the tarball to the wheel of the fork',
                  [plot.Bar(release, values[2], f'{values[2]:.1f}')
                   for release, values in middle.items()], 'seconds'),
    )  # fmt: skip

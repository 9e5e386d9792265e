"""The time to weave the branch into each release, and to build the wheel."""

from __future__ import annotations

import json
from typing import Any

from cloud import command, progress, settings


def run(report: progress.Progress, quick: bool) -> dict[str, Any]:
    """Build each release several times, in turns; if quick, the oldest and the newest once."""
    root = settings.REPOSITORY
    command.run(['make', '--quiet', 'setup'], cwd=root)
    releases = sorted(file.parent.name for file in root.glob('releases/*/release.toml'))
    if quick:
        releases = [releases[0], releases[-1]]
    seconds: dict[str, list[dict[str, float]]] = {release: [] for release in releases}
    files: dict[str, int] = {}
    for _ in range(1 if quick else 3):
        for release in releases:
            with report.step(f'weave and build {release}'):
                program = [root / '.fork/venv/bin/python', '-m', 'bench.inside.weaving', release]
                answer = json.loads(command.run(program, cwd=root).splitlines()[-1])
            seconds[release].append(answer['seconds'])
            files[release] = answer['files']
    return {'files': files, 'seconds': seconds}

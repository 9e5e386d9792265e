"""What was measured, kept as JSON beside the page."""

from __future__ import annotations

import datetime
import json
import os
import platform
from pathlib import Path
from typing import Any

from cloud import files, settings

FOLDER = settings.REPOSITORY / 'bench'
KEPT = FOLDER / 'results'


def keep(measure: str, quick: bool, load: str, data: Any) -> None:
    """Write the result of a measure in the place of its last one.

    :param load: What the machine did before
    """
    result = {
        'command': f'python -m bench {measure}' + (' --quick' if quick else ''),
        'taken': datetime.datetime.now(datetime.UTC).date().isoformat(),
        'machine': machine(),
        'load': load,
        'data': rounded(data),
    }
    KEPT.mkdir(exist_ok=True)
    files.write(KEPT / f'{measure}.json', json.dumps(result, indent=1) + '\n', 0o644)


def kept(measure: str) -> dict[str, Any] | None:
    """Give the last result of a measure, if there is one."""
    file = KEPT / f'{measure}.json'
    return dict(json.loads(file.read_text())) if file.exists() else None


def machine() -> str:
    """Say what the figures were taken on, in a line."""
    memory = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / (1 << 30)
    system = platform.freedesktop_os_release()['PRETTY_NAME']
    return (
        f'{os.cpu_count()} cores ({_model()}), {memory:.0f} GiB of memory, {system}, '
        f'Python {platform.python_version()}'
    )


def load() -> str:
    """Say how many processes wanted to run in the last minute."""
    return f'{os.getloadavg()[0]:.1f}'


def rounded(data: Any) -> Any:
    """Give data with its numbers as short as they are meant."""
    if isinstance(data, float):
        return float(f'{data:.5g}')
    if isinstance(data, dict):
        return {key: rounded(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [rounded(value) for value in data]
    return data


def _model() -> str:
    for line in Path('/proc/cpuinfo').read_text().splitlines():
        if line.startswith('model name'):
            return line.partition(':')[2].strip()
    return platform.machine()

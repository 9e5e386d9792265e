"""The last result of each measurement, kept as JSON beside the page."""

from __future__ import annotations

import datetime
import json
import os
import platform
from pathlib import Path
from typing import Any

from cloud import files, settings

FOLDER = settings.REPOSITORY / 'bench'
RESULTS = FOLDER / 'results'


def save(measure: str, quick: bool, load_average: str, data: Any) -> None:
    """Replace the last result of a measurement.

    :param load_average: That of the machine before the measurement
    """
    result = {
        'command': f'python -m bench {measure}' + (' --quick' if quick else ''),
        'taken': datetime.datetime.now(datetime.UTC).date().isoformat(),
        'machine': machine(),
        'load': load_average,
        'data': rounded(data),
    }
    RESULTS.mkdir(exist_ok=True)
    files.write(RESULTS / f'{measure}.json', json.dumps(result, indent=1) + '\n', 0o644)


def load(measure: str) -> dict[str, Any] | None:
    """Return the last result of a measurement, if there is one."""
    file = RESULTS / f'{measure}.json'
    return dict(json.loads(file.read_text())) if file.exists() else None


def machine() -> str:
    """Describe the machine in one line."""
    memory = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / (1 << 30)
    system = platform.freedesktop_os_release()['PRETTY_NAME']
    return (
        f'{os.cpu_count()} cores ({_model()}), {memory:.0f} GiB of memory, {system}, '
        f'Python {platform.python_version()}'
    )


def load_average() -> str:
    """Return how many processes were running or ready to run in the last minute."""
    return f'{os.getloadavg()[0]:.1f}'


def rounded(data: Any) -> Any:
    """Return data with its numbers rounded to five digits."""
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

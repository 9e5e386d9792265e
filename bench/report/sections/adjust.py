"""The time from the request until the guest has its new size, by each method."""

from __future__ import annotations

from typing import Any

from bench.report import markdown, plot, stats
from bench.report.section import Section

_METHODS = {
    'adjust': 'adjustment, through the API',
    'virsh': '`virsh setmem`, `setvcpus`',
    'resize': 'resize and confirm',
}
_TIMES = {
    'accepted': 'until it is accepted (202)',
    'seen': 'until the guest has the size',
    'done': 'until it is complete',
    'silent': 'guest not running',
}


def make(data: dict[str, Any]) -> Section:
    """Show how long each method takes."""
    samples = data['ways']
    median = {method: _median(samples, method, 'seen') for method in _METHODS}
    values = {
        'small': _size(data['from']),
        'large': _size(data['to']),
        'times': _times(samples),
        'adjust_to_virsh': f'{median["adjust"] / median["virsh"]:.2f}',
        'resize_to_adjust': f'{median["resize"] / median["adjust"]:.1f}',
        'stopped': f'{_median(samples, "resize", "silent"):.1f}',
    }
    lines = plot.Lines(
        'From the request until the guest has the new size',
        'seconds',
        'share of requests',
        [
            plot.Series(method, stats.distribution([run['seen'] for run in runs]))
            for method, runs in samples.items()
        ],
        log_x=True,
    )
    return Section(values, {'adjust': lines})


def _size(size: list[int]) -> str:
    vcpus, memory_mb = size
    return f'{vcpus} vCPU{"s" * (vcpus != 1)} and {memory_mb} MiB'


def _median(samples: dict[str, list[dict[str, float]]], method: str, time: str) -> float:
    return stats.quantile([run[time] for run in samples[method]], 0.5)


def _times(samples: dict[str, list[dict[str, float]]]) -> str:
    rows = []
    for time, label in _TIMES.items():
        for method, name in _METHODS.items():
            seconds = [run[time] for run in samples[method] if time in run]
            if seconds:
                count, *quantiles = stats.spread(seconds)
                rows.append([label, name, count, *(f'{value:.2f}' for value in quantiles)])
    return markdown.table(['time', 'method', 'samples', 'p50, s', 'p95, s', 'p99, s'], rows)

"""The memory of a guest by each means."""

from __future__ import annotations

from typing import Any

from bench.report import markdown, plot, stats
from bench.report.section import Section

_METHODS = {'adjust': 'adjustment, through the API', 'virsh': '`virsh`'}
_MOMENTS = {
    'booted': 'has booted with its minimum',
    'used': 'has grown, used its memory and freed it',
    'given back': 'has shrunk to its minimum',
}


def make(data: dict[str, Any]) -> Section:
    """Show how long each means takes, and the memory of the guest's process."""
    (_, small), (_, large) = data['from'], data['to']
    values = {
        'small': small,
        'large': large,
        'times': _times(data['times'], large - small),
        'resident': _resident(data['resident']),
    }
    lines = plot.Lines(
        f'From the request until the guest has {large} MiB, or {small}',
        'seconds',
        'share of requests',
        [
            plot.Series(f'{means}, {direction}', stats.distribution(_seen(runs)))
            for means, methods in data['times'].items()
            for direction, runs in methods['adjust'].items()
        ],
    )
    return Section(values, {'memory': lines})


def _seen(runs: list[dict[str, float]]) -> list[float]:
    return [run['seen'] for run in runs]


def _times(times: dict[str, Any], difference: int) -> str:
    rows = []
    for direction in ('grow', 'shrink'):
        for means, methods in times.items():
            for method, label in _METHODS.items():
                seconds = _seen(methods[method][direction])
                count, *quantiles = stats.spread(seconds)
                speed = f'{difference / stats.quantile(seconds, 0.5):.0f}'
                spread = [f'{value:.2f}' for value in quantiles]
                rows.append([direction, means, label, count, *spread, speed])
    return markdown.table(
        ['change', 'means', 'method', 'samples', 'p50, s', 'p95, s', 'p99, s', 'MiB/s'], rows
    )


def _resident(resident: dict[str, dict[str, int]]) -> str:
    rows = [
        [text, *(moments[moment] for moments in resident.values())]
        for moment, text in _MOMENTS.items()
    ]
    return markdown.table(['the guest', *(f'{means}, MiB' for means in resident)], rows)

"""The size of a server over time, as an image that the page contains."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from xloudclient import Period

_WIDTH, _HEIGHT = 640, 110
_LEFT, _TOP, _RIGHT = 70, 24, 10


@dataclasses.dataclass(frozen=True)
class _Panel:
    """One of the two plots."""

    title: str
    values: Sequence[int]
    maximum: int
    color: str


def svg(periods: Sequence[Period], max_vcpus: int, max_memory_mb: int) -> SafeString:
    """Return a plot of the vCPUs above one of the memory, up to what the server can have."""
    panels = [
        _Panel(_('vCPUs'), [period.vcpus for period in periods], max_vcpus, '#2a78b8'),
        _Panel(_('MiB'), [period.memory_mb for period in periods], max_memory_mb, '#b8602a'),
    ]
    height = len(panels) * (_TOP + _HEIGHT) + 24
    parts = [_panel(panel, periods, number) for number, panel in enumerate(panels)]
    start, end = (
        time.strftime('%Y-%m-%d %H:%M UTC') for time in (periods[0].start, periods[-1].end)
    )
    label = _('Size from %(start)s to %(end)s; the table below has the same values.')
    return format_html(
        '<svg class="xloud-plot" role="img" viewBox="0 0 {} {}" aria-label="{}">{}'
        '<text x="{}" y="{}">{}</text><text x="{}" y="{}" text-anchor="end">{}</text></svg>',
        _WIDTH,
        height,
        label % {'start': start, 'end': end},
        format_html_join('', '{}', ((part,) for part in parts)),
        _LEFT,
        height - 6,
        start,
        _WIDTH - _RIGHT,
        height - 6,
        end,
    )


def _panel(panel: _Panel, periods: Sequence[Period], number: int) -> SafeString:
    top = number * (_TOP + _HEIGHT) + _TOP
    bottom = top + _HEIGHT
    # A server that was resized may have had more than it can have now.
    highest = max(panel.maximum, *panel.values)
    first = periods[0].start
    length = (periods[-1].end - first).total_seconds() or 1

    def x(time: object) -> float:
        seconds = (time - first).total_seconds()  # type: ignore[operator]
        return round(_LEFT + (_WIDTH - _LEFT - _RIGHT) * seconds / length, 1)

    def y(value: int) -> float:
        return round(bottom - _HEIGHT * value / highest, 1)

    steps = ' '.join(
        f'{x(period.start)},{y(value)} {x(period.end)},{y(value)}'
        for period, value in zip(periods, panel.values)
    )
    area = f'{_LEFT},{bottom} {steps} {_WIDTH - _RIGHT},{bottom}'
    labels = format_html_join(
        '',
        '<line x1="{}" x2="{}" y1="{}" y2="{}" class="xloud-plot-grid"/>'
        '<text x="{}" y="{}" text-anchor="end">{}</text>',
        (
            (_LEFT, _WIDTH - _RIGHT, y(value), y(value), _LEFT - 6, y(value) + 4, value)
            for value in sorted({0, highest, panel.values[-1]})
        ),
    )
    return format_html(
        '<text x="{}" y="{}" class="xloud-plot-title">{}</text>{}'
        '<polygon points="{}" fill="{}" fill-opacity="0.25"/>'
        '<polyline points="{}" fill="none" stroke="{}" stroke-width="2"/>',
        _LEFT,
        top - 8,
        panel.title,
        labels,
        area,
        panel.color,
        steps,
        panel.color,
    )

"""Plots as SVG, for pages with a light or a dark background.

A picture in a page cannot know the page's background, so nothing is filled and
every colour is one that is seen on both. Two kinds of picture do not call for a
plotting library and the packages that it brings.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

#: Of text, axes and grid.
INK = '#767d86'
#: Of series, in this order.
COLOURS = ('#2f81d6', '#cf5f1e', '#2e9247', '#a259d9', '#c23b6b', '#8a7a00')

_WIDTH, _HEIGHT = 720, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 20, 44, 56
_LETTER = 7  # About the width of one.


class Series(NamedTuple):
    """Points that belong together."""

    name: str
    points: Sequence[tuple[float, float]]
    #: Joined by a line, or each for itself.
    joined: bool = True


class Bar(NamedTuple):
    """A bar and what stands before and behind it."""

    name: str
    value: float
    text: str


def lines(
    title: str, x: str, y: str, series: Sequence[Series], log_x: bool = False, log_y: bool = False
) -> str:
    """Draw series over two axes."""
    places = [point for each in series for point in each.points]
    across = _Axis([px for px, _ in places], _LEFT, _WIDTH - _RIGHT, log_x)
    up = _Axis([py for _, py in places], _HEIGHT - _BOTTOM, _TOP + 22, log_y)
    parts = []
    for value in up.ticks:
        at = up(value)
        parts.append(_line(_LEFT, at, _WIDTH - _RIGHT, at, INK, 'stroke-opacity="0.25"'))
        parts.append(_text(_LEFT - 8, at + 4, number(value), 'end'))
    for value in across.ticks:
        parts.append(_text(across(value), _HEIGHT - _BOTTOM + 18, number(value), 'middle'))
    parts.append(_line(_LEFT, _HEIGHT - _BOTTOM, _WIDTH - _RIGHT, _HEIGHT - _BOTTOM, INK))
    parts.append(_text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 14, x, 'middle'))
    parts.append(_text(8, _TOP + 4, y, 'start'))
    legend = _WIDTH - _RIGHT
    for index, each in reversed(list(enumerate(series))):
        colour = COLOURS[index % len(COLOURS)]
        drawn = [(across(px), up(py)) for px, py in each.points]
        if each.joined:
            path = ' '.join(f'{px:.1f},{py:.1f}' for px, py in drawn)
            parts.append(
                f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
            )
        if not each.joined or len(drawn) < 20:
            parts += [f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3.5" fill="{colour}"/>'
                      for px, py in drawn]  # fmt: skip
        legend -= len(each.name) * _LETTER
        parts.append(_text(legend, _TOP + 4, each.name, 'start', colour))
        legend -= 14
        parts.append(f'<circle cx="{legend + 6:.1f}" cy="{_TOP}" r="4" fill="{colour}"/>')
        legend -= 14
    return _picture(title, _HEIGHT, parts)


def bars(title: str, rows: Sequence[Bar], unit: str) -> str:
    """Draw horizontal bars, all to one scale."""
    left = max(len(row.name) for row in rows) * _LETTER + 16
    right = max(len(row.text) for row in rows) * _LETTER + 16
    most = max((row.value for row in rows), default=0) or 1
    parts = []
    for index, row in enumerate(rows):
        at = _TOP + index * 26
        width = max(1.0, row.value / most * (_WIDTH - left - right))
        parts.append(_text(left - 8, at + 14, row.name, 'end'))
        parts.append(
            f'<rect x="{left}" y="{at}" width="{width:.1f}" height="18" fill="{COLOURS[0]}"/>'
        )
        parts.append(_text(left + width + 6, at + 14, row.text, 'start'))
    height = _TOP + len(rows) * 26 + 26
    parts.append(_text(left, height - 8, unit, 'start'))
    return _picture(title, height, parts)


def number(value: float) -> str:
    """Write a number as short as it is clear."""
    if value and abs(value) < 10:
        return f'{value:.3g}'
    return f'{value:,.0f}'


class _Axis:
    """Where a value is drawn; its ticks are round numbers around all values."""

    def __init__(self, values: Sequence[float], first: float, last: float, log: bool) -> None:
        self._scale: Callable[[float], float] = math.log10 if log else float
        self.ticks = _powers(values) if log else _steps(values)
        self._low, self._high = self._scale(self.ticks[0]), self._scale(self.ticks[-1])
        self._first, self._last = first, last

    def __call__(self, value: float) -> float:
        share = (self._scale(value) - self._low) / (self._high - self._low)
        return self._first + share * (self._last - self._first)


def _steps(values: Sequence[float]) -> list[float]:
    """Give up to eight round numbers from 0 past the largest value."""
    most = max(values, default=0) or 1
    power = 10 ** math.floor(math.log10(most / 5))
    step = next(power * by for by in (1, 2, 5, 10) if power * by * 6 >= most)
    return [step * index for index in range(math.ceil(most / step) + 1)]


def _powers(values: Sequence[float]) -> list[float]:
    """Give the 1, 2, 5, 10, 20 ... around values above 0."""
    low, high = min(values), max(values)
    powers = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 2)
    steps = [float(f'{by}e{power}') for power in powers for by in (1, 2, 5)]
    first = max(index for index, step in enumerate(steps) if step <= low)
    last = min(index for index, step in enumerate(steps) if step >= high)
    return steps[first : max(last, first + 1) + 1]


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, more: str = '') -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" {more}/>'
    )


def _text(x: float, y: float, text: str, anchor: str, colour: str = INK) -> str:
    where = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {where} fill="{colour}">{escape(text)}</text>'


def _picture(title: str, height: float, parts: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" font-family="system-ui, sans-serif" font-size="13" '
        f'role="img" aria-label="{escape(title, {chr(34): "&quot;"})}">'
    )
    heading = (
        f'<text x="8" y="20" font-size="15" font-weight="600" fill="{INK}">{escape(title)}</text>'
    )
    return '\n'.join([head, heading, *parts, '</svg>', ''])

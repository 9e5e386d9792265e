"""The statistics that the page needs."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple


class Spread(NamedTuple):
    """How repeated measurements of one thing are spread."""

    count: int
    p50: float
    p95: float
    p99: float


class Slope(NamedTuple):
    """A straight line through points, and the standard error of its slope."""

    intercept: float
    slope: float
    error: float


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of the values does not exceed, interpolated."""
    if not values:
        raise ValueError('there is no quantile of no values')
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def spread(values: Sequence[float]) -> Spread:
    """Return the count and the usual quantiles."""
    return Spread(len(values), *(quantile(values, share) for share in (0.5, 0.95, 0.99)))


def distribution(values: Sequence[float]) -> list[tuple[float, float]]:
    """Return each value, in order, with the share of values that do not exceed it."""
    return [(value, number / len(values)) for number, value in enumerate(sorted(values), 1)]


def median_confidence_interval(values: Sequence[float]) -> tuple[float, float]:
    """Return the 95% confidence interval of the median: the ranks that the sign test gives."""
    ordered = sorted(values)
    rank = math.floor(len(ordered) / 2 - 0.98 * math.sqrt(len(ordered)))
    last = max(0, rank - 1)
    return ordered[last], ordered[-1 - last]


def slope(points: Sequence[tuple[float, float]]) -> Slope:
    """Fit a line by least squares."""
    if len({x for x, _ in points}) < 2:
        raise ValueError('a slope needs two different x')
    line = statistics.linear_regression(*zip(*points, strict=True))
    if len(points) < 3:
        return Slope(line.intercept, line.slope, math.inf)
    mean = statistics.fmean(x for x, _ in points)
    residual = sum((y - line.intercept - line.slope * x) ** 2 for x, y in points)
    width = sum((x - mean) ** 2 for x, _ in points)
    return Slope(line.intercept, line.slope, math.sqrt(residual / (len(points) - 2) / width))

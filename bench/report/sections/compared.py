"""What a cloud that grows took in each turn, beside one that does not grow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.report import stats

#: What was measured with one number of hosts, servers or cells.
Point = dict[str, Any]


def turns(point: Point, key: str) -> list[tuple[float, float]]:
    """Return a cost in each turn, in the cloud that grows and in the one that does not."""
    return list(zip(point['grows'][key], point['stays'][key], strict=True))


def slope(points: Sequence[tuple[int, Point]], key: str) -> stats.Slope:
    """Return how the difference of a cost grows with a number."""
    return stats.slope(
        [(number, grows - stays) for number, point in points for grows, stays in turns(point, key)]
    )

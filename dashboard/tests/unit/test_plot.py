"""The plot of a size over time."""

from __future__ import annotations

import datetime
import xml.etree.ElementTree as ET
from collections.abc import Sequence

from xloudclient import Period

from xloud_dashboard import plot

BEGIN = datetime.datetime(2026, 2, 1, tzinfo=datetime.timezone.utc)


def periods(*sizes: tuple[int, int, int]) -> list[Period]:
    """Return periods of so many minutes, vCPUs and MiB."""
    result, start = [], BEGIN
    for minutes, vcpus, memory_mb in sizes:
        end = start + datetime.timedelta(minutes=minutes)
        result.append(Period(start, end, vcpus, memory_mb, None, None, None))
        start = end
    return result


def lines(drawn: str) -> list[list[tuple[float, float]]]:
    """Return the points of each line."""
    root = ET.fromstring(drawn)
    return [
        [tuple(map(float, point.split(','))) for point in line.get('points', '').split()]
        for line in root.iter('polyline')
    ]


def heights(points: Sequence[tuple[float, float]], bottom: float, full: float) -> list[float]:
    return [round((bottom - y) / full, 2) for _, y in points]


def test_sizes_are_heights_and_times_are_places() -> None:
    """Half of the maximum is half as high, and a third of the time is a third as long."""
    vcpus, memory = lines(plot.svg(periods((10, 1, 256), (20, 2, 512)), 4, 512))
    assert heights(vcpus, 134, 110) == [0.25, 0.25, 0.5, 0.5]
    assert heights(memory, 268, 110) == [0.5, 0.5, 1.0, 1.0]
    left, first, second, right = (x for x, _ in vcpus)
    assert first == second
    assert round((first - left) / (right - left), 2) == 0.33


def test_more_than_the_maximum() -> None:
    """A server that was resized may have had more than it can have now: nothing is outside."""
    vcpus, _ = lines(plot.svg(periods((10, 8, 256), (10, 1, 256)), 4, 512))
    assert heights(vcpus, 134, 110) == [1.0, 1.0, 0.13, 0.13]


def test_no_time_has_passed() -> None:
    """A server that was just made has a plot as well."""
    assert len(lines(plot.svg(periods((0, 1, 256)), 4, 512))) == 2


def test_it_is_described() -> None:
    """Who cannot see it is referred to the table."""
    root = ET.fromstring(plot.svg(periods((10, 1, 256)), 4, 512))
    assert root.get('role') == 'img'
    assert '2026-02-01 00:00 UTC to 2026-02-01 00:10 UTC' in root.get('aria-label', '')

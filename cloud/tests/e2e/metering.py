"""What servers have over time, added up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from cloud.tests.e2e.sizes import Size


class Span(NamedTuple):
    """From one Unix time up to another."""

    start: float
    end: float


class Period(NamedTuple):
    """A server has a size for a while."""

    start: float
    end: float
    size: Size


class Amounts(NamedTuple):
    """What a server has had, for how long."""

    vcpu_seconds: float
    memory_mb_seconds: float


def total(periods: Iterable[Period], spans: Sequence[Span]) -> Amounts:
    """Return what a server has had within spans."""
    seconds = [
        (period.size, max(0.0, min(period.end, span.end) - max(period.start, span.start)))
        for period in periods
        for span in spans
    ]
    return Amounts(
        sum(size.vcpus * elapsed for size, elapsed in seconds),
        sum(size.memory_mb * elapsed for size, elapsed in seconds),
    )


def between(whole: Span, gaps: Iterable[Span]) -> list[Span]:
    """Return what is left of a span without others, which are in order."""
    spans, start = [], whole.start
    for gap in gaps:
        spans.append(Span(start, gap.start))
        start = gap.end
    return [*spans, Span(start, whole.end)]


def sizes(rows: Iterable[Iterable[Any]]) -> dict[str, Size]:
    """Return the allocation of each server; until it has one elsewhere, that of its migration."""
    amounts: dict[tuple[str, bool], dict[str, int]] = {}
    for consumer, migrating, resource, used in rows:
        key = (migrating or consumer, migrating is None)
        amounts.setdefault(key, {})[resource] = int(used)
    # Its own come after those of a migration, and replace them.
    return {
        server: Size(used.get('VCPU', 0), used.get('MEMORY_MB', 0))
        for (server, _own), used in sorted(amounts.items(), key=lambda item: item[0][1])
    }

"""The size of a server over time, as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from xloudclient import Period

_HEIGHT = 8

#: A column that is filled by so many eighths.
_EIGHTHS = ' ▁▂▃▄▅▆▇█'


def lines(periods: Sequence[Period], width: int) -> Iterator[str]:
    """Yield the lines of a plot of the vCPUs, and of one of the memory.

    A column shows the largest size in its time, so that none is too short to be seen.
    """
    if not periods:
        return
    start, end = periods[0].start, periods[-1].end
    maximums = {
        name: max(getattr(period, name) for period in periods) for name in ('vcpus', 'memory_mb')
    }
    margin = max(len(str(maximum)) for maximum in maximums.values()) + 1
    columns = max(width - margin, 1)
    for title, (name, maximum) in zip(('vCPUs', 'MiB'), maximums.items()):
        values = [0] * columns
        for period in periods:
            first, last = (
                min(int((time - start) / (end - start) * columns), columns - 1)
                for time in (period.start, period.end)
            )
            for column in range(first, last + (period is periods[-1] or last == first)):
                values[column] = max(values[column], getattr(period, name))
        yield title
        for row in reversed(range(_HEIGHT)):
            label = maximum * (row + 1) // _HEIGHT if row in (_HEIGHT - 1, _HEIGHT // 2 - 1) else ''
            yield (
                f'{label:>{margin - 1}} '
                + ''.join(
                    _EIGHTHS[min(max(round(value / maximum * 8 * _HEIGHT) - 8 * row, 0), 8)]
                    for value in values
                ).rstrip()
            )
    begin, stop = (f'{time:%Y-%m-%d %H:%M}' for time in (start, end))
    yield ' ' * margin + f'{begin}{stop:>{max(columns - len(begin), len(stop) + 1)}}'

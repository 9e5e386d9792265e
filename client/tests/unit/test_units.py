"""Amounts and durations, and what to do about a reason."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Callable

import pytest

from xloudclient import remedy, units
from xloudclient.remedies import REMEDIES

TABLE = Path(__file__).parents[3] / 'doc/source/common/elastic-server-errors.txt'


@pytest.mark.parametrize(
    ('parse', 'text', 'value'),
    [
        (units.memory_mb, '512', 512),
        (units.memory_mb, '512M', 512),
        (units.memory_mb, '2g', 2048),
        (units.seconds, '90', 90),
        (units.seconds, '90s', 90),
        (units.seconds, '30m', 1800),
        (units.seconds, '2H', 7200),
        (units.seconds, '7d', 604800),
    ],
)
def test_value(parse: Callable[[str], int], text: str, value: int) -> None:
    """Units are those that people write, in either case."""
    assert parse(text) == value


@pytest.mark.parametrize('text', ['', '0', '-1', '1.5G', '2X', '2 G', 'G', '2GB'])
def test_no_value(text: str) -> None:
    """What is no amount is named, with what would be one."""
    with pytest.raises(ValueError, match='is not an amount of memory: use MiB, or a unit as in'):
        units.memory_mb(text)
    with pytest.raises(ValueError, match='is not a duration: use seconds, or a unit as in 30m'):
        units.seconds(text)


def test_remedies_are_those_of_the_reference() -> None:
    """Each code of Nova's API reference has the words that stand beside it there."""
    _, _, *rows = re.split(r'\n   \* - ', TABLE.read_text())
    cells = {row.partition('\n')[0].strip('`'): row.split('\n     - ')[-1] for row in rows}
    assert len(cells) > 30
    assert {
        code: ' '.join(text.replace('``', '').split()) for code, text in cells.items()
    } == REMEDIES


def test_unknown_code() -> None:
    """A code of a later Nova has no remedy, and neither has none."""
    assert remedy('xloud.example') is None
    assert remedy(None) is None

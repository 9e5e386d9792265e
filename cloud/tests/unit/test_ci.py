"""What the run of the quick tests counts, and where it does not run."""

from __future__ import annotations

import pytest

from cloud import ci


@pytest.mark.parametrize(
    ('said', 'counted'),
    [
        ('5 passed in 90.1s', '5 passed, 0 failed'),
        ('1 failed, 4 passed in 90.1s', '4 passed, 1 failed'),
        ('4 passed, 1 skipped, 1 error in 90.1s', '4 passed, 1 failed, 1 skipped'),
    ],
)
def test_last_line(said: str, counted: str) -> None:
    """It has the numbers of pytest's own; an error is a failure."""
    assert ci.last_line(ci.count(said)) == counted


def test_skipped() -> None:
    """What cannot run has not failed."""
    assert ci.last_line({'skipped': 1}) == '0 passed, 0 failed, 1 skipped'

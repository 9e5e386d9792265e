"""What the run of the quick tests counts, and where it does not run."""

from __future__ import annotations

import pytest

from cloud import ci, errors


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


def test_other_system() -> None:
    """Only the system whose packages are needed will do."""
    ci.check_system({'ID': 'debian', 'VERSION_ID': '12'})
    with pytest.raises(errors.CheckError) as raised:
        ci.check_system({'ID': 'ubuntu', 'VERSION_ID': '24.04', 'PRETTY_NAME': 'Ubuntu 24.04'})
    assert str(raised.value) == (
        'it is made of the packages of Debian 12, and this is Ubuntu 24.04'
    )

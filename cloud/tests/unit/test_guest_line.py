"""The line that the guest prints, from the script that prints it to those that read it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cloud.guest import line

INIT = Path(line.__file__).with_name('init')


def test_what_the_guest_prints_is_read() -> None:
    """The words of the guest's script are those that are looked for."""
    (printed,) = re.findall(r'echo "(guest: cpus=.*)"$', INIT.read_text(), re.MULTILINE)
    numbers = iter(['2', '204800', '7'])
    text = re.sub(r'(?<==)\$(\([^)]*\)|\{[^}]*\}|\w+)', lambda _: next(numbers), printed)
    assert line.parse(text) == [line.Line(2, 204800, 7)]
    assert line.parse(text)[0].memory_mb == 200


def test_half_a_line() -> None:
    """A line that is still being printed says nothing."""
    text = 'boot\nguest: cpus=2 memory_kb=204800 seconds=7\nguest: cpus=3 mem'
    assert line.parse(text) == [line.Line(2, 204800, 7)]


@pytest.mark.parametrize('seen, fits', [(768, True), (688, True), (687, False), (769, False)])
def test_the_kernel_keeps_some(seen: int, fits: bool) -> None:
    """A guest sees a little less than it has, never more."""
    assert line.fits(seen, 768) is fits

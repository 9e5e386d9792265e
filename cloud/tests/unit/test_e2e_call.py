"""How the end-to-end tests are called."""

from __future__ import annotations

import pytest

from cloud import e2e, settings

ONE = 'cloud/tests/e2e/test_boot.py::test_bare_guest'


def test_all_end_to_end_tests() -> None:
    """Their folder is always named: pytest's own choice would be every test there is."""
    assert e2e.arguments([])[-1] == str(settings.E2E)


@pytest.mark.parametrize('word', ['reboot', 'dashboard'])
def test_selection_by_name_is_no_path(word: str) -> None:
    """The word after an option does not stand in for the folder, even if it names another one."""
    assert e2e.arguments(['-k', word])[-3:] == [str(settings.E2E), '-k', word]


def test_named_tests() -> None:
    """One test is run alone."""
    arguments = e2e.arguments(['-x', ONE])
    assert arguments[-2:] == ['-x', ONE]
    assert str(settings.E2E) not in arguments


def test_short_selection() -> None:
    """Both can be had at once: the quick selection, and of it only some."""
    arguments = e2e.arguments(['-k', 'reboot'], short=True)
    assert arguments[-5:] == ['-m', 'short', str(settings.E2E), '-k', 'reboot']

"""Configuration files."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloud import ini


def test_sections_and_values() -> None:
    """Each kind of value is written as oslo.config reads it; None is left out."""
    sections: ini.Sections = {
        'DEFAULT': {'debug': True, 'workers': 1, 'ratio': 1.5, 'unset': None},
        'paths': {'folder': Path('/a/b')},
    }
    assert ini.render(sections) == (
        '[DEFAULT]\ndebug = true\nworkers = 1\nratio = 1.5\n\n[paths]\nfolder = /a/b\n'
    )


def test_dollar_is_kept_a_dollar() -> None:
    """oslo.config would take it for the name of another option."""
    assert ini.render({'a': {'password': 'x$y'}}) == '[a]\npassword = x$$y\n'


def test_line_break_is_refused() -> None:
    """A value with a line break would be read as another option."""
    with pytest.raises(ValueError, match=r"^the value of b has a line break: 'x\\ny'$"):
        ini.render({'a': {'b': 'x\ny'}})


def test_later_part_wins() -> None:
    """Parts are laid over each other option by option, and stay as they are."""
    first: ini.Sections = {'a': {'x': 1, 'y': 2}}
    assert ini.merge(first, {'a': {'y': 3}, 'b': {'z': 4}}) == {
        'a': {'x': 1, 'y': 3},
        'b': {'z': 4},
    }
    assert first == {'a': {'x': 1, 'y': 2}}

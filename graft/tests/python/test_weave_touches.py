"""What a weave reports of itself: which names it touched, how, and how many lines."""

import pytest

from graft.python import weave
from graft.touch import Touch

ORIGINAL = '''\
"""Grind."""

import os

STONES = ['fine']
SPEED = 1


class Mill(object):
    """A mill."""

    width = 3

    @property
    def speed(self):
        return SPEED

    def grind(self, corn):
        check(corn)
        return turn(corn)

    def rest(self):
        return os.name
'''


def touches(sketch: str) -> list[Touch]:
    return weave('nova/mill.py', ORIGINAL, sketch, '2024.1')[1]


def test_nothing_touched() -> None:
    """A sketch that says what the release says touches nothing."""
    assert touches('import os\n\nSPEED = 1\n\n\nclass Mill:\n    ...\n') == []


def test_imports() -> None:
    """The imports added count as one touch."""
    assert touches('import abc, os, sys\n') == [Touch('imports', 'edited', added=2)]


def test_new_function_of_the_module() -> None:
    """A new function is a member, with its decorators and comments counted."""
    sketch = '# Slowly.\n@logged\ndef sift(corn):\n    """Sift it."""\n\n    return corn\n'
    assert touches(f'...\n\n\n{sketch}') == [Touch('sift', 'member', added=6)]


def test_new_member_of_a_class() -> None:
    """A new member bears the name of its class."""
    sketch = 'class Mill:\n    depth = 4\n\n    def open(self):\n        return 1\n'
    assert touches(sketch) == [
        Touch('Mill.depth', 'member', added=1),
        Touch('Mill.open', 'member', added=2),
    ]


def test_edited_function() -> None:
    """An edited function counts the lines that came and went."""
    sketch = (
        'class Mill:\n    def grind(*nova, fast=False):\n'
        '        weigh(corn)  # drops nova\n        log(corn)\n        return turn(corn)  # nova\n'
    )
    assert touches(sketch) == [Touch('Mill.grind', 'edited', added=3, dropped=2)]


def test_edited_property() -> None:
    """An accessor of a property bears the name of the property."""
    sketch = (
        'class Mill:\n    @property\n    def speed(self):\n        log()\n        ...\n\n'
        '    @speed.setter\n    def speed(self, speed):\n        set(speed)\n'
    )
    assert touches(sketch) == [
        Touch('Mill.speed', 'edited', added=1),
        Touch('Mill.speed', 'member', added=3),
    ]


def test_docstring_given() -> None:
    """A function that gets another docstring is edited, not replaced."""
    sketch = 'class Mill:\n    def rest(self):\n        """Rest."""\n'
    assert touches(sketch) == [Touch('Mill.rest', 'edited', added=1)]


def test_replaced_function() -> None:
    """A function that says so is replaced."""
    sketch = 'class Mill:\n    def rest(self):  # replaces nova\n        return None\n'
    assert touches(sketch) == [Touch('Mill.rest', 'replaced', added=1, dropped=1)]


def test_assignments() -> None:
    """Assignments are edited, replaced or new, by their names."""
    sketch = "STONES = [..., 'rough']\nSPEED = 2  # replaces nova\nFALL = 2.5\n"
    assert touches(sketch) == [
        Touch('STONES', 'edited', added=1, dropped=1),
        Touch('SPEED', 'replaced', added=1, dropped=1),
        Touch('FALL', 'member', added=1),
    ]


def test_class_line_and_docstring() -> None:
    """A class whose bases or docstring change is edited itself, besides its members."""
    sketch = (
        'class Mill(..., Lockable):\n    """A mill with a lock."""  # replaces nova\n\n'
        '    def grind(self, corn):\n        log(corn)\n        ...\n'
    )
    assert touches(sketch) == [
        Touch('Mill', 'edited', added=2, dropped=2),
        Touch('Mill.grind', 'edited', added=1),
    ]


@pytest.mark.parametrize(
    'sketch',
    [
        "STONES = [..., 'rough']\n",
        'class Mill:\n    def grind(*nova):\n        log(corn)\n        ...\n',
        'def sift(corn):\n    return corn\n',
    ],
)
def test_counts_agree_with_the_text(sketch: str) -> None:
    """Lines added less lines dropped is what the module grew by, blank lines aside."""
    text, touched, _ = weave('nova/mill.py', ORIGINAL, sketch, '2024.1')
    grown = len(list(filter(None, text.splitlines()))) - len(
        list(filter(None, ORIGINAL.splitlines()))
    )
    assert sum(t.added - t.dropped for t in touched) == grown

"""The style check of how long modules and classes may be."""

import pytest

from graft.project import Project
from graft.tests.conftest import House
from graft.workshop import lengths

LENGTHS = """
[tool.graft.lengths]
module = 6
class = 3
"""
CLASS = 'class Bird:\n    legs = 2\n    wings = 2\n'


@pytest.fixture
def faults_in(house: House):
    """The faults of a project with these lengths, in which a file has this text."""
    house.keep(LENGTHS, '.fork\n')
    for sketch in ('bird', 'count'):
        (house.root / f'nova/{sketch}.py').unlink()
    return house.finder(lengths.faults)


def test_a_module_that_is_too_long_is_found(faults_in) -> None:
    """It is named with its lines and with how many it may have."""
    assert faults_in('x = 1\n' * 7) == [
        'nova/song.py: the module has 7 lines, 6 at most: divide it'
    ]


def test_a_class_that_is_too_long_is_found(faults_in) -> None:
    """It is named with its own lines, wherever it stands."""
    inner = '    ' + (CLASS + '    tail = 1\n').replace('\n', '\n    ').rstrip() + '\n'
    assert faults_in('if True:\n' + inner) == [
        'nova/song.py:2: the class Bird has 4 lines, 3 at most: divide it'
    ]


@pytest.mark.parametrize('text', [CLASS + CLASS, 'x = 1\n' * 6, 'class Bird\n'])
def test_what_is_just_as_long_is_left_alone(faults_in, text: str) -> None:
    """The limits are reached and not passed; what is no Python has no classes."""
    assert faults_in(text) == []


def test_only_modules_are_measured(faults_in) -> None:
    """A page may be long."""
    assert faults_in('word\n' * 9, 'doc/page.rst') == []


def test_a_project_without_lengths_may_have_any(house: House) -> None:
    """Nothing is measured where there is no limit."""
    assert list(lengths.faults(Project.at(house.root))) == []

"""The style check of private members that are used from outside."""

import pytest

from graft.project import Project
from graft.tests.conftest import House
from graft.workshop import private

MEMBERS = """
[tool.graft.private-members]
code = ["_song"]
tests = ["_wings"]
"""


@pytest.fixture
def faults_in(house: House):
    """The faults of a project with these members, in which a file has this text."""
    house.keep(MEMBERS, '.fork\n')
    return house.finder(private.faults, 'nova/nest.py')


@pytest.mark.parametrize('path', ['nova/nest.py', 'releases/9/nova/nest.py', 'nova/tests/nest.py'])
def test_a_private_member_of_another_object_is_found(faults_in, path: str) -> None:
    """It is named with its place, whatever a comment says."""
    assert faults_in('bird = 1\nbird._legs = 2  # noqa: SLF001\n', path) == [
        f'{path}:2: Private member accessed: `_legs`'
    ]


def test_a_permitted_member_is_left_alone(faults_in) -> None:
    """What tests may use is no permission for code."""
    assert faults_in('bird._song()\n') == []
    assert faults_in('bird._wings()\n', 'nova/tests/nest.py') == []
    assert faults_in('bird._wings()\n') == ['nova/nest.py:1: Private member accessed: `_wings`']


@pytest.mark.parametrize(
    'text', ['class Bird:\n    def fly(self):\n        self._legs = 2\n', 'a b\n']
)
def test_what_is_no_fault_is_left_alone(faults_in, text: str) -> None:
    """A class has its own members; what is no Python is found by others."""
    assert faults_in(text) == []


def test_other_files_are_left_to_ruff(faults_in) -> None:
    """Our own packages have the rule in their own settings."""
    assert faults_in('bird._legs = 2\n', 'coop/nest.py') == []


def test_a_project_without_members_is_not_checked(house: House) -> None:
    """Nothing is found where nothing is permitted or forbidden."""
    house.write('nova/nest.py', 'bird._legs = 2\n')
    assert list(private.faults(Project.at(house.root))) == []

"""The style check of the project's words."""

import subprocess

import pytest

from graft.project import Project
from graft.tests.conftest import House
from graft.workshop import vocabulary

WORDS = """
[tool.graft.vocabulary]
"again" = ['anew']
"accounted for" = ['count(ed|s) for']
"""


@pytest.fixture
def found(house: House):
    """The faults of a project with this vocabulary, in which a file has this text."""
    with (house.root / 'pyproject.toml').open('a') as file:
        file.write(WORDS)
    subprocess.run(['git', 'init', '-q', house.root], check=True)
    house.write('.gitignore', '.fork\nbuilt\n')

    def find(text: str, path: str = 'nova/song.py') -> list[str]:
        house.write(path, text)
        return list(vocabulary.faults(Project.at(house.root)))

    return find


@pytest.mark.parametrize(
    ('text', 'fault'),
    [
        ('# Sing it anew.\n', '1: "anew": again'),
        ('\nsung_anew = 1\n', '2: "anew": again'),
        ('"Anew."\n', '1: "Anew": again'),
        ('# It counts\n# for one.\n', '1: "counts for": accounted for'),
        ('x = ("It is counted "\n     "for.")\n', '1: "counted for": accounted for'),
    ],
    ids=['a comment', 'a name', 'a capital', 'two lines of a comment', 'two strings'],
)
def test_a_word_that_is_not_to_be_used_is_found(found, text: str, fault: str) -> None:
    """Each use is named with its file, its line and the word to use."""
    assert found(text) == [f'nova/song.py:{fault}']


@pytest.mark.parametrize(
    'text', ['# Sing it again.\n', '# Canewood\n', '# accounts for\n', '# It counts four.\n']
)
def test_other_words_are_left_alone(found, text: str) -> None:
    """Neither the word to use nor a longer word is found."""
    assert found(text) == []


@pytest.mark.parametrize('path', ['built/song.py', 'LICENSE', 'releases/old/constraints.txt'])
def test_what_is_not_ours_is_not_read(found, path: str) -> None:
    """What git ignores, and what others have written, may have any word."""
    assert found('anew\n', path) == []


def test_a_project_without_a_vocabulary_may_have_any_word(house: House) -> None:
    """Nothing is read where there is nothing to look for."""
    house.write('nova/song.py', '# anew\n')
    assert list(vocabulary.faults(Project.at(house.root))) == []

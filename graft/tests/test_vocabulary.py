"""The style check of the project's words."""

import pytest

from graft.project import Project
from graft.tests.conftest import House
from graft.workshop import vocabulary

WORDS = """
[tool.graft.vocabulary]
"sing" = ['chirp(s|ed)?']
"perch on" = ['sit(s|ting)? upon']
"""


@pytest.fixture
def faults_in(house: House):
    """The faults of a project with this vocabulary, in which a file has this text."""
    house.keep(WORDS, '.fork\nbuilt\n')
    return house.finder(vocabulary.faults)


@pytest.mark.parametrize(
    ('text', 'fault'),
    [
        ('# It chirps.\n', '1: "chirps": sing'),
        ('\nlast_chirp = 1\n', '2: "chirp": sing'),
        ('"Chirp."\n', '1: "Chirp": sing'),
        ('# It sits\n# upon a branch.\n', '1: "sits upon": perch on'),
        ('x = ("It is sitting "\n     "upon it.")\n', '1: "sitting upon": perch on'),
    ],
    ids=['a comment', 'a name', 'a capital', 'two lines of a comment', 'two strings'],
)
def test_a_word_that_is_not_to_be_used_is_found(faults_in, text: str, fault: str) -> None:
    """Each use is named with its file, its line and the word to use."""
    assert faults_in(text) == [f'nova/song.py:{fault}']


@pytest.mark.parametrize(
    'text', ['# It sings.\n', '# Chirpy\n', '# perches on\n', '# It sits up.\n']
)
def test_other_words_are_left_alone(faults_in, text: str) -> None:
    """Neither the word to use nor a longer word is found."""
    assert faults_in(text) == []


@pytest.mark.parametrize('path', ['built/song.py', 'LICENSE', 'releases/old/constraints.txt'])
def test_what_is_not_ours_is_not_read(faults_in, path: str) -> None:
    """What git ignores, and what others have written, may have any word."""
    assert faults_in('chirp\n', path) == []


def test_a_project_without_a_vocabulary_may_have_any_word(house: House) -> None:
    """Nothing is read where there is nothing to look for."""
    house.write('nova/song.py', '# chirp\n')
    assert list(vocabulary.faults(Project.at(house.root))) == []

"""What line ends, odd characters and missing newlines become."""

import pytest

from graft.text import weave
from graft.touch import Touch


def woven(path: str, original: str, sketch: str) -> str:
    return weave(path, original, sketch, '2024.1')[0]


def test_our_lines_end_as_the_file_ends_its_lines() -> None:
    """A file with carriage returns gets them on our lines too."""
    assert woven('a.txt', 'one\r\ntwo\r\n', '...\nthree\n') == 'one\r\ntwo\r\nthree\r\n'


def test_a_sketch_with_carriage_returns_changes_no_line_ends() -> None:
    """The line ends of the sketch are its own matter."""
    assert woven('a.txt', 'one\ntwo\n', '...\r\none  # nova\r\nours\r\n...\r\n') == (
        'one\nours\ntwo\n'
    )


def test_a_last_line_without_its_end_gets_one_when_we_add_below() -> None:
    assert woven('a.txt', 'one\ntwo', '...\nthree') == 'one\ntwo\nthree\n'


def test_a_last_line_without_its_end_stays_so_when_we_add_above() -> None:
    assert woven('a.txt', 'one\ntwo', 'zero\n...') == 'zero\none\ntwo'


def test_characters_that_only_some_take_for_line_ends_stay() -> None:
    """Form feeds and their kin do not cut a line in two."""
    assert woven('a.txt', 'a\x0cb\u2028c\x85\n', '...\nd\n') == 'a\x0cb\u2028c\x85\nd\n'


def test_an_empty_file_takes_our_lines() -> None:
    assert woven('a.txt', '', '...\nours\n') == 'ours\n'


@pytest.mark.parametrize('path', ['a.cfg', 'a.ini', 'a.conf'])
def test_the_suffix_says_the_format(path: str) -> None:
    assert woven(path, '[a]\nx = 1\n[b]\n', '[a]\ny = 2\n') == '[a]\nx = 1\ny = 2\n[b]\n'


def test_touches_name_each_edited_piece_and_count_its_lines() -> None:
    """A touch says where, how, and how many lines came and went."""
    original = '[a]\nx =\n  1\n  2\ny = 3\n\n[b]\nz = 4\n'
    sketch = '[a]\nx =\n  1  # nova\n  ours  # drops nova\ny = 5  # replaces nova\n[c]\nw = 6\n'
    sketch = sketch.replace('  1  # nova', '  ...\n  1  # nova')
    assert weave('a.ini', original, sketch, '2024.1')[1] == [
        Touch('[a] > x', 'edited', added=1, dropped=1),
        Touch('[a] > y', 'replaced', added=1, dropped=1),
        Touch('[c]', 'member', added=3, dropped=0),
    ]


def test_touches_of_a_file_without_headings_bear_its_path() -> None:
    assert weave('lists/a.txt', 'one\n', '...\ntwo\n', '2024.1')[1] == [
        Touch('lists/a.txt', 'edited', added=1, dropped=0)
    ]

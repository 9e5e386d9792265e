"""Every rule of the weave of Python, shown by a sample: what was, the sketch, what is to be."""

import ast
from pathlib import Path

import pytest

from graft.errors import SketchError
from graft.python import weave

SAMPLES = Path(__file__).with_name('samples')
FOLDERS = sorted(path.parent for path in SAMPLES.rglob('original.py'))
WOVEN = [folder for folder in FOLDERS if (folder / 'expected.py').exists()]
REFUSED = [folder for folder in FOLDERS if (folder / 'error.txt').exists()]


def read(path: Path) -> str:
    return path.read_bytes().decode()


def woven(folder: Path, original: str) -> str:
    text, *_ = weave('nova/mill.py', original, read(folder / 'sketch.py'), '2024.1')
    return text


def name(folder: Path) -> str:
    return str(folder.relative_to(SAMPLES))


@pytest.mark.parametrize('folder', WOVEN, ids=name)
def test_sample_is_woven(folder: Path) -> None:
    """The woven module is the expected one, byte for byte."""
    assert woven(folder, read(folder / 'original.py')) == read(folder / 'expected.py')


@pytest.mark.parametrize('folder', WOVEN, ids=name)
def test_sample_woven_twice(folder: Path) -> None:
    """Weaving a sketch into what it has been woven into changes nothing."""
    expected = read(folder / 'expected.py')
    assert woven(folder, expected) == expected


@pytest.mark.parametrize('folder', WOVEN, ids=name)
def test_sample_is_python(folder: Path) -> None:
    """What is woven can be compiled."""
    ast.parse(read(folder / 'expected.py'))


@pytest.mark.parametrize('folder', WOVEN, ids=name)
def test_sample_with_windows_newlines(folder: Path) -> None:
    """A release whose lines end as on Windows is woven line for line alike."""
    original = read(folder / 'original.py').replace('\n', '\r\n')
    assert woven(folder, original).splitlines() == read(folder / 'expected.py').splitlines()


def test_last_line_without_its_end() -> None:
    """A release whose last line lacks its newline stays so."""
    assert weave('nova/mill.py', 'X = 1', 'Y = 2\n', '2024.1')[0] == 'X = 1\nY = 2'


@pytest.mark.parametrize('folder', REFUSED, ids=name)
def test_sample_is_refused(folder: Path) -> None:
    """The message is the expected one, to its last word."""
    with pytest.raises(SketchError) as caught:
        woven(folder, read(folder / 'original.py'))
    assert f'{caught.value}\n' == read(folder / 'error.txt')


def test_each_sample_is_either_woven_or_refused() -> None:
    """A sample has its outcome: remove `expected.py` or `error.txt` where both or none are."""
    assert sorted(WOVEN + REFUSED) == FOLDERS
    assert FOLDERS


@pytest.mark.parametrize('folder', FOLDERS, ids=name)
def test_each_sample_states_its_rule(folder: Path) -> None:
    """The sketch of a sample opens with its rule, one sentence on one line."""
    first = read(folder / 'sketch.py').splitlines()[0]
    assert first.startswith('"""') and first.endswith('."""'), f'{name(folder)}: write its rule'

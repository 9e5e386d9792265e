"""Data files are sketched once, for the ``setup.cfg`` or ``pyproject.toml`` that names them."""

import re
from collections.abc import Iterator

from graft.text import signs
from graft.text.ini import Ini
from graft.text.lines import Line, read
from graft.text.outline import Block
from graft.text.place import Place

SECTION, KEY = '[files]', 'data_files'
TABLE = '[tool.setuptools.data-files]'
FOLDER = re.compile(r'([^\s=]+)\s*=\s*(\.\.\.)?$')
REMEDY = (
    'Show the folder as "folder =  # nova", then its files, each on a line of its own, and then '
    'the folder that Nova has next as "folder = ...  # nova".'
)


def move_to_pyproject(sketch: str, release: str) -> tuple[str, str]:
    """Split a sketch of ``setup.cfg`` into one without data files and one of ``pyproject.toml``.

    Every line keeps its number in both, so that a fault names the line of the ``setup.cfg`` that
    someone has to edit.
    """
    lines = read(sketch)
    others = [line.text for line in lines]
    moved = [''] * len(lines)
    for section in Ini().parse_sketch(lines, []).children:
        if section.title != SECTION:
            continue
        for key in section.children:
            if key.title != KEY:
                continue
            gone = section if len(section.children) == 1 else key
            for line in gone.lines():
                others[line.number - 1] = ''
            for number, text in _table(key, Place('setup.cfg', release, (SECTION, KEY))):
                moved[number - 1] = text
    return _text(others), _text(moved)


def _table(key: Block, place: Place) -> Iterator[tuple[int, str]]:
    """The data files as a table, each line with its number.

    A list is closed on the line of the folder that follows it.
    """
    yield key.head[0].number, TABLE
    opened: Line | None = None
    for line in key.body:
        if line.blank:
            continue
        text = signs.unmarked(line.text).strip()
        folder = FOLDER.match(text)
        if folder and signs.holds(line.text) and bool(folder[2]) == bool(opened):
            yield line.number, ']' if opened else f'"{folder[1]}" = ['
            opened = None if opened else line
        elif signs.is_rest(text) and opened:
            yield line.number, text
        elif opened and not folder and not signs.drops(line.text):
            yield line.number, f'"{text}",' + ('  # nova' if signs.holds(line.text) else '')
        else:
            raise place.error(line, f'"{text}" cannot be moved to pyproject.toml', remedy=REMEDY)
    if opened:
        raise place.error(opened, 'the files of this folder have no end', remedy=REMEDY)


def _text(lines: list[str]) -> str:
    return ''.join(f'{line}\n' for line in lines)

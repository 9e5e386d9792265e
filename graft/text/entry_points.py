"""Entry points are sketched once, for the ``setup.cfg`` or ``pyproject.toml`` that has them."""

import re

from graft.text import signs
from graft.text.block import read_pattern
from graft.text.ini import Ini
from graft.text.lines import Line, read
from graft.text.outline import Block
from graft.text.place import Place

SECTION = '[entry_points]'
# Groups for which the packaging standard has tables of their own.
SCRIPTS = {'console_scripts': 'project.scripts', 'gui_scripts': 'project.gui-scripts'}
BARE_KEY = re.compile(r'(?:[\w-]|\.\.\.)+')
REMEDY = 'Write it as "name = module" or "name = module:attribute" on a line of its own.'


def has_entry_points(setup_cfg: str) -> bool:
    """Whether a release's ``setup.cfg`` is where it keeps its entry points."""
    return any(block.title == SECTION for block in Ini().parse(read(setup_cfg)).children)


def move_to_pyproject(sketch: str, release: str) -> tuple[str, str]:
    """Split a sketch of ``setup.cfg`` into one without entry points and one of ``pyproject.toml``.

    Every line keeps its number in both, so that a fault names the line of the ``setup.cfg`` that
    someone has to edit.
    """
    lines = read(sketch)
    root = Ini().parse_sketch(lines, [])
    others = [line.text for line in lines]
    moved = [''] * len(lines)
    for section in root.children:
        if section.title != SECTION:
            continue
        for line in section.lines():
            others[line.number - 1] = ''
        for group in section.children:
            for number, text in _table(group, Place('setup.cfg', release, (SECTION,))):
                moved[number - 1] = text
    return _text(others), _text(moved)


def _table(group: Block, place: Place) -> list[tuple[int, str]]:
    """A group of entry points as a table, each line with its number."""
    head = group.head[0]
    if group.is_rest:
        raise place.error(
            head,
            '"..." stands among the groups of entry points',
            remedy='Leave it out: groups that the sketch does not show stay as they are.',
        )
    inner = place.under(group.title)
    if group.value:
        raise inner.error(head, f'"{group.value}" stands on the line of its group', remedy=REMEDY)
    _refuse_drops(group, inner)
    name = SCRIPTS.get(group.title) or f'project.entry-points.{_key(group.title)}'
    mark = '  # replaces nova' if group.replaces else '  # nova' if group.holds else ''
    return [
        (head.number, f'[{name}]{mark}'),
        *((line.number, _key_line(line, inner)) for line in group.body if not line.blank),
    ]


def _key_line(line: Line, place: Place) -> str:
    text = signs.unmarked(line.text).strip()
    if signs.is_rest(text) or Ini.comment.match(text):
        return text
    name, equals, target = (part.strip() for part in text.partition('='))
    if not (name and equals and target):
        raise place.error(line, f'"{text}" is no entry point', remedy=REMEDY)
    value = target if target == signs.REST else f'"{target}"'
    return f'{_key(name)} = {value}' + ('  # nova' if signs.holds(line.text) else '')


def _key(name: str) -> str:
    return name if BARE_KEY.fullmatch(name) else f'"{name}"'


def _refuse_drops(group: Block, place: Place) -> None:
    """Lines of a value can be dropped; keys of a table, which these are moved to, cannot."""
    for segment in read_pattern(group.body, place).segments:
        for line in segment.drops:
            raise place.error(
                line,
                'this drops an entry point, and those of pyproject.toml cannot be dropped',
                remedy='Mark the group "# replaces nova" and show all of it.',
            )


def _text(lines: list[str]) -> str:
    return ''.join(f'{line}\n' for line in lines)

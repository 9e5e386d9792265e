"""Entry points sketched for ``setup.cfg`` and woven into either file that may keep them."""

import configparser
import tomllib
from pathlib import Path

import pytest

from graft.errors import SketchError
from graft.text import weave
from graft.text.entry_points import has_entry_points, move_to_pyproject

RELEASE = '2026.1'

SKETCH = """\
# Explains the metadata.
[metadata]
summary = Shed  # replaces nova

# Explains the entry points.
[entry_points]
console_scripts =
    ...
    shed-open = shed.door:open
shed.tools =
    ...
    claw = ...  # nova
    # explains the mallet
    mallet = shed.mallet:swing [rubber]
    ...
    sledge = shed.sl...  # nova
    shed.felt = shed.felt
    ...
shed.paint =
    red = shed.red

[files]
packages =
    ...
    bench
"""

WITHOUT = """\
# Explains the metadata.
[metadata]
summary = Shed  # replaces nova


















[files]
packages =
    ...
    bench
"""

PYPROJECT_SKETCH = """\






[project.scripts]
...
shed-open = "shed.door:open"
[project.entry-points."shed.tools"]
...
claw = ...  # nova
# explains the mallet
mallet = "shed.mallet:swing [rubber]"
...
sledge = "shed.sl..."  # nova
"shed.felt" = "shed.felt"
...
[project.entry-points."shed.paint"]
red = "shed.red"





"""

PYPROJECT = """\
[project]
name = "shed"

[project.scripts]
shed-close = "shed.door:close"

[project.entry-points."shed.tools"]
claw = "shed.claw"
club = "shed.club"
sledge = "shed.sledge"

[tool.lint]
strict = true
"""

SETUP_CFG = """\
[metadata]
name = shed
summary = A shed

[entry_points]
console_scripts =
\tshed-close = shed.door:close
shed.tools =
\tclaw = shed.claw
\tclub = shed.club
\tsledge = shed.sledge

[files]
packages =
\tshed
"""

POINTS = {
    'console_scripts': {'shed-close': 'shed.door:close', 'shed-open': 'shed.door:open'},
    'shed.tools': {
        'claw': 'shed.claw',
        'mallet': 'shed.mallet:swing [rubber]',
        'club': 'shed.club',
        'sledge': 'shed.sledge',
        'shed.felt': 'shed.felt',
    },
    'shed.paint': {'red': 'shed.red'},
}


def in_order(groups: dict[str, dict[str, str]]) -> dict[str, list[tuple[str, str]]]:
    return {group: list(points.items()) for group, points in groups.items()}


def test_the_sketch_is_split_line_for_line() -> None:
    """Each line keeps its number in the half that it goes to."""
    assert move_to_pyproject(SKETCH, RELEASE) == (WITHOUT, PYPROJECT_SKETCH)


def test_setup_cfg_gets_the_entry_points() -> None:
    woven, *_ = weave('setup.cfg', SETUP_CFG, SKETCH, '2024.1')
    parser = configparser.ConfigParser(delimiters=['='], interpolation=None)
    parser.read_string(woven)
    groups = {
        group: dict(line.split(' = ') for line in text.strip().splitlines() if '#' not in line)
        for group, text in parser['entry_points'].items()
    }
    assert in_order(groups) == in_order(POINTS)


def test_pyproject_gets_the_same_in_the_same_order() -> None:
    woven, *_ = weave('pyproject.toml', PYPROJECT, move_to_pyproject(SKETCH, RELEASE)[1], RELEASE)
    project = tomllib.loads(woven)['project']
    groups = {'console_scripts': project['scripts'], **project['entry-points']}
    assert in_order(groups) == in_order(POINTS)


def test_only_a_setup_cfg_with_the_section_keeps_entry_points() -> None:
    assert has_entry_points(SETUP_CFG)
    assert not has_entry_points('[metadata]\nname = shed\n')


def test_a_sketch_without_entry_points_stays_whole() -> None:
    sketch = '[files]\npackages =\n    ...\n    bench\n'
    assert move_to_pyproject(sketch, RELEASE) == (sketch, '\n' * 4)


def test_a_fault_names_the_line_of_the_setup_cfg() -> None:
    """The woven file is pyproject.toml, the line to fix that of the one sketch there is."""
    pyproject = PYPROJECT.replace('claw = "shed.claw"\n', '')
    with pytest.raises(SketchError) as caught:
        weave('pyproject.toml', pyproject, move_to_pyproject(SKETCH, RELEASE)[1], RELEASE)
    assert str(caught.value) == (
        'pyproject.toml (2026.1), line 12, [project.entry-points.shed.tools]: the anchor '
        '"claw = ..." matches no line of Nova\'s\n'
        '  nearest in the release:\n'
        '    line 8: club = "shed.club"\n'
        '  Hold on to a line that 2026.1 has, or give that release a sketch of its own: '
        'releases/2026.1/pyproject.toml'
    )


def test_a_replaced_group_becomes_a_replaced_table() -> None:
    sketch = '[entry_points]\nshed.tools =  # replaces nova\n    axe = shed.axe\n'
    woven, *_ = weave('pyproject.toml', PYPROJECT, move_to_pyproject(sketch, RELEASE)[1], RELEASE)
    assert tomllib.loads(woven)['project']['entry-points'] == {'shed.tools': {'axe': 'shed.axe'}}


REMEDY = '\n  Write it as "name = module" or "name = module:attribute" on a line of its own.'
FAULTS = {
    '[entry_points]\n...\n': (
        'setup.cfg (2026.1), line 2, [entry_points]: "..." stands among the groups of entry '
        'points\n  Leave it out: groups that the sketch does not show stay as they are.'
    ),
    '[entry_points]\nshed.tools = axe = shed.axe\n': (
        'setup.cfg (2026.1), line 2, [entry_points] > shed.tools: "axe = shed.axe" stands on the '
        f'line of its group{REMEDY}'
    ),
    '[entry_points]\nshed.tools =\n    axe\n': (
        f'setup.cfg (2026.1), line 3, [entry_points] > shed.tools: "axe" is no entry point{REMEDY}'
    ),
    '[entry_points]\nshed.tools =\n    a = ...  # nova\n    c = x.c  # drops nova\n': (
        'setup.cfg (2026.1), line 4, [entry_points] > shed.tools: this drops an entry point, and '
        'those of pyproject.toml cannot be dropped\n'
        '  Mark the group "# replaces nova" and show all of it.'
    ),
}


@pytest.mark.parametrize('sketch', FAULTS, ids=['rest', 'one-line', 'no-target', 'drop'])
def test_what_cannot_be_moved_is_refused(sketch: str) -> None:
    with pytest.raises(SketchError) as caught:
        move_to_pyproject(sketch, RELEASE)
    assert str(caught.value) == FAULTS[sketch]


@pytest.fixture
def own_sketch() -> str:
    return Path(__file__).parents[3].joinpath('setup.cfg').read_text(encoding='utf-8')


def test_the_branchs_own_sketch_can_be_moved(own_sketch: str) -> None:
    """The ``setup.cfg`` of the branch serves releases that keep entry points in either file."""
    rest, moved = move_to_pyproject(own_sketch, RELEASE)
    assert not has_entry_points(rest)
    assert '\n[project.entry-points."nova.api.extra_spec_validators"]\n' in moved

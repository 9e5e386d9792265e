"""Data files sketched for ``setup.cfg`` and woven into either file that may name them."""

import tomllib
from pathlib import Path

import pytest

from graft.errors import SketchError
from graft.text import weave
from graft.text.data_files import move_to_pyproject

RELEASE = '2026.1'

SKETCH = """\
# Explains the files.
[files]
packages =
    ...
    bench
data_files =
    etc/shed =  # nova
    ...
    etc/shed/oil.conf
    etc/shed/saw.conf  # nova
    etc/shed/tools.d = ...  # nova

[metadata]
summary = Shed  # replaces nova
"""

WITHOUT = """\
# Explains the files.
[files]
packages =
    ...
    bench







[metadata]
summary = Shed  # replaces nova
"""

PYPROJECT_SKETCH = """\





[tool.setuptools.data-files]
"etc/shed" = [
...
"etc/shed/oil.conf",
"etc/shed/saw.conf",  # nova
]



"""

PYPROJECT = """\
[project]
name = "shed"

[tool.setuptools.data-files]
"etc/shed" = [
    "etc/shed/axe.conf",
    "etc/shed/saw.conf",
]
"etc/shed/tools.d" = [
    "etc/shed/tools.d/*",
]
"""

SETUP_CFG = """\
[metadata]
summary = A shed

[files]
data_files =
\tetc/shed =
\tetc/shed/axe.conf
\tetc/shed/saw.conf
\tetc/shed/tools.d = etc/shed/tools.d/*
packages =
\tshed
"""


def test_the_sketch_is_split_line_for_line() -> None:
    """Each line keeps its number in the half that it goes to."""
    assert move_to_pyproject(SKETCH, RELEASE) == (WITHOUT, PYPROJECT_SKETCH)


def test_setup_cfg_gets_the_files() -> None:
    """They stand where the sketch shows them, below the folder that they go to."""
    woven, *_ = weave('setup.cfg', SETUP_CFG, SKETCH, '2024.1')
    assert '\tetc/shed/axe.conf\n\tetc/shed/oil.conf\n\tetc/shed/saw.conf\n' in woven


def test_pyproject_gets_the_same_files() -> None:
    woven, *_ = weave('pyproject.toml', PYPROJECT, move_to_pyproject(SKETCH, RELEASE)[1], RELEASE)
    assert tomllib.loads(woven)['tool']['setuptools']['data-files'] == {
        'etc/shed': ['etc/shed/axe.conf', 'etc/shed/oil.conf', 'etc/shed/saw.conf'],
        'etc/shed/tools.d': ['etc/shed/tools.d/*'],
    }


def test_a_section_of_data_files_alone_goes_as_a_whole() -> None:
    """The release has no such section in its setup.cfg any more."""
    sketch = '[files]\ndata_files =\n    etc =  # nova\n    ...\n    a\n    b = ...  # nova\n'
    assert move_to_pyproject(sketch, RELEASE)[0] == '\n' * 6


def test_a_sketch_without_data_files_stays_whole() -> None:
    sketch = '[files]\npackages =\n    ...\n    bench\n'
    assert move_to_pyproject(sketch, RELEASE) == (sketch, '\n' * 4)


HEAD = '[files]\ndata_files =\n'
FAULTS = {
    'no-folder': (f'{HEAD}    etc/oil\n', 3, '"etc/oil" cannot be moved to pyproject.toml'),
    'rest': (f'{HEAD}    ...\n', 3, '"..." cannot be moved to pyproject.toml'),
    'new-folder': (f'{HEAD}    etc =\n', 3, '"etc =" cannot be moved to pyproject.toml'),
    'drop': (
        f'{HEAD}    etc =  # nova\n    etc/oil  # drops nova\n',
        4,
        '"etc/oil  # drops nova" cannot be moved to pyproject.toml',
    ),
    'no-end': (
        f'{HEAD}    etc =  # nova\n    ...\n    etc/oil\n',
        3,
        'the files of this folder have no end',
    ),
}


@pytest.mark.parametrize('name', FAULTS)
def test_what_cannot_be_moved_is_refused(name: str) -> None:
    sketch, line, fault = FAULTS[name]
    with pytest.raises(SketchError) as caught:
        move_to_pyproject(sketch, RELEASE)
    assert str(caught.value) == (
        f'setup.cfg (2026.1), line {line}, [files] > data_files: {fault}\n'
        '  Show the folder as "folder =  # nova", then its files, each on a line of its own, and '
        'then the folder that Nova has next as "folder = ...  # nova".'
    )


def test_the_branchs_own_sketch_can_be_moved() -> None:
    """The ``setup.cfg`` of the branch serves releases that name data files in either file."""
    sketch = Path(__file__).parents[3].joinpath('setup.cfg').read_text(encoding='utf-8')
    rest, moved = move_to_pyproject(sketch, RELEASE)
    assert 'data_files' not in rest
    assert '\n[tool.setuptools.data-files]\n"etc/nova" = [\n' in moved

"""What holds for every file and every sketch."""

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from graft.errors import SketchError
from graft.text import weave
from graft.text.lines import line_end, read, write

RELEASE = '2024.1'
PATHS = ['a.cfg', 'a.toml', 'a.rst', 'a.yaml', 'a.txt']

# Lines whose every order is a file of the format, or near enough to one to be read as one.
LINES = {
    'a.cfg': ['[a]', '[b]', 'x = 1', 'y =', 'z: 2', '  one', '\ttwo', '# note', '  # deep', ''],
    'a.toml': ['[a]', '[b.c]', 'x = 1', 'y = [', '  "one",', '  "two",', ']', '# note', ''],
    'a.rst': ['A', '=', 'B', '-', 'one', 'two', '  deep', '.. _l:', '.. note::', '====', ''],
    'a.yaml': ['a:', 'b: 1', '  a:', '  b: 2', '- one', '  - two', 'c: |', '    text', '# n', ''],
    'a.txt': ['one', 'two', 'three', '# note', '  deep', ''],
}
OURS = {
    'a.cfg': ['[c]', 'w = 3', 'v =', '  ours', '# ours'],
    'a.toml': ['[c]', 'w = 3', '  "ours",', '# ours'],
    'a.rst': ['C', '~', 'ours', '.. _m:'],
    'a.yaml': ['d: 3', '  d: 4', '- ours', '  - ours', '    ours'],
    'a.txt': ['ours', '  ours'],
}
SIGNS = ['...', '  ...', '    ...', 'one  # nova', 'x = ...  # nova', '- one  # nova', 'A  # nova']
paths = st.sampled_from(PATHS)


@st.composite
def files(draw: st.DrawFn, path: str) -> str:
    lines = draw(st.lists(st.sampled_from(LINES[path]), max_size=10))
    return '\n'.join(lines) + draw(st.sampled_from(['\n', '']))


@st.composite
def weaves(draw: st.DrawFn, path: str) -> tuple[str, str, str]:
    """A file, and a sketch of any signs, lines of the file, and lines of ours."""
    original = draw(files(path))
    pieces = st.sampled_from([*original.split('\n'), *SIGNS, *SIGNS, *OURS[path], *OURS[path]])
    sketch = draw(st.lists(pieces, max_size=8))
    return path, original, '\n'.join(sketch) + '\n'


fitting = paths.flatmap(weaves)
# Most sketches that are made up at random are refused.
RARELY_WOVEN = settings(suppress_health_check=list(HealthCheck), deadline=None)


@given(st.text())
def test_lines_lose_no_byte(text: str) -> None:
    """Any text is put together again as it was."""
    lines = read(text)
    assert write(lines, line_end(lines)) == text


@given(paths, st.text())
def test_only_nova_stands_for_any_text(path: str, text: str) -> None:
    """A sketch that is only ``...`` changes nothing."""
    assert weave(path, text, '...\n', RELEASE) == (text, [], [])


@given(paths.flatmap(lambda path: st.tuples(st.just(path), files(path))))
def test_only_nova_stands_for_any_file(path_and_file: tuple[str, str]) -> None:
    """The same for what looks like files of the format; and the tree holds every line."""
    path, original = path_and_file
    assert weave(path, original, '...\n', RELEASE) == (original, [], [])
    assert weave(path, original, '', RELEASE) == (original, [], [])


@RARELY_WOVEN
@given(fitting)
def test_weaving_is_idempotent(case: tuple[str, str, str]) -> None:
    """What a sketch has been woven into reads as the sketch says."""
    path, original, sketch = case
    try:
        woven, *_ = weave(path, original, sketch, RELEASE)
    except SketchError:
        assume(False)
    assert weave(path, woven, sketch, RELEASE) == (woven, [], [])


@RARELY_WOVEN
@given(fitting)
def test_touches_are_true(case: tuple[str, str, str]) -> None:
    """A file is changed exactly if something is reported, by as many lines as reported.

    A blank line that sets a neighbour off from ours is no part of the touched block.
    """
    path, original, sketch = case
    try:
        woven, touches, _ = weave(path, original, sketch, RELEASE)
    except SketchError:
        assume(False)
    assert bool(touches) == (woven != original)
    grown = sum(touch.added - touch.dropped for touch in touches)
    assert 0 <= len(read(woven)) - len(read(original)) - grown <= len(touches)


@RARELY_WOVEN
@given(fitting)
def test_nothing_goes_without_a_mark(case: tuple[str, str, str]) -> None:
    """Whatever else a sketch shows, each line that says something stays, in its order."""
    path, original, sketch = case
    try:
        woven, *_ = weave(path, original, sketch, RELEASE)
    except SketchError:
        assume(False)
    remaining = (line.words for line in read(woven))
    assert all(line.words in remaining for line in read(original) if not line.blank)


@pytest.mark.parametrize('path', PATHS)
@RARELY_WOVEN
@given(data=st.data())
def test_untouched_lines_keep_their_bytes(path: str, data: st.DataObject) -> None:
    """Where nothing is dropped, Nova's lines all stand in the woven file, in their order."""
    path, original, sketch = data.draw(weaves(path))
    assume(original.endswith('\n'))
    try:
        woven, touches, _ = weave(path, original, sketch, RELEASE)
    except SketchError:
        assume(False)
    assume(not any(touch.dropped for touch in touches))
    remaining = iter(woven.splitlines(keepends=True))
    assert all(line in remaining for line in original.splitlines(keepends=True))

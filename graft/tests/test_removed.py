"""What `graft check` finds that a weave removes, and what it does about it."""

import os
import signal

import pytest

from graft import check
from graft.python import gap
from graft.removed import removed
from graft.tests.conftest import MODULE, SKETCH, House
from graft.touch import Drop
from graft.weave import Woven

MARKED = SKETCH.replace('count.one(song)\n        ...', 'count.one(song)  # drops nova').replace(
    'one(song)  # drops nova', 'one(song)  # drops nova\n        return ...  # nova'
)


def test_check_lists_each_line_that_goes(house: House) -> None:
    """Each release has its list, each line of it the mark that says so."""
    house.write('nova/bird.py', MARKED)
    code, out, _ = house.graft('check')
    assert (code, out) == (
        0,
        'new: removes nova/bird.py:17: voice.warm(song)  (line 11 of the sketch)\n'
        'old: removes nova/bird.py:17: voice.warm(song)  (line 11 of the sketch)\n'
        '4 passed, 0 failed\n',
    )


def test_check_fails_on_a_line_that_no_mark_explains(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Should the weave ever lose a line again without a word, the check finds it."""
    house.write('nova/bird.py', MARKED.replace('  # drops nova', ''))
    assert house.graft('check', '--release', 'old')[0] == 1  # The weave refuses it ...
    monkeypatch.setattr(gap, 'drop', lambda *_: None)  # ... as long as it can.
    code, out, _ = house.graft('check', '--release', 'old')
    assert (code, out) == (
        1,
        'old: removes nova/bird.py:17: voice.warm(song)  (no mark says so)\n2 passed, 1 failed\n',
    )


def test_check_of_several_releases_names_a_sketch_that_does_not_fit(house: House) -> None:
    """The releases are checked in processes of their own; a fault is reported all the same."""
    house.write('nova/bird.py', MARKED.replace('  # drops nova', ''))
    code, _, err = house.graft('check')
    assert code == 1
    assert err.endswith(
        'graft: nova/bird.py (new), line 10, in Bird.sing: `voice.warm(song)` would go without a '
        'mark that says so\n'
        '  nearest in the release:\n'
        '    17: voice.warm(song)\n'
        '  Keep what Nova has with `...`, or end each line of ours that takes the place of a piece '
        'of it with `# drops nova`.\n'
    )


def removals(house: House, path: str, before: str, after: str, *drops: Drop) -> list[str]:
    house.write(f'pristine/{path}', before)
    woven = Woven({path: after.encode()}, {}, {path: list(drops)})
    return [str(line) for line in removed(woven, house.root / 'pristine')]


GROWN = {
    'an element': ('return carry(os.linesep)', "return carry('a', os.linesep, b=1)"),
    'a parameter': ('def sing(self, song):', 'def sing(self, song, *, twice=False) -> None:'),
    'a base and a decorator': ('class Bird(nest.Guest):', '@seen\nclass Bird(nest.Guest, Owl):'),
    'a new layout': ('voice.tune(song)', 'voice.tune(\n            song)'),
    'a block around it': (
        '        voice.tune(song)\n        voice.warm(song)\n',
        '        try:\n            voice.tune(song)\n            voice.warm(song)\n'
        '        finally:\n            rest()\n',
    ),
}


@pytest.mark.parametrize('case', GROWN)
def test_what_grows_is_not_removed(house: House, case: str) -> None:
    """A statement with more in it, or with a block of ours around it, is still there."""
    old, new = GROWN[case]
    before = MODULE.replace('voice.carry(', 'carry(')
    assert old in before
    assert removals(house, 'nova/bird.py', before, before.replace(old, new)) == []


LOST = {
    'a statement': ('        voice.warm(song)\n', '', ['17: voice.warm(song)']),
    'a value': ('voice.tune(song)', 'voice.tune(self.a(song))', ['16: voice.tune(song)']),
    'a parameter': ('(self, song):', '(self):', ['13: def sing(self, song):']),
    'a comment': ('# The licence.\n', '', ['1: # The licence.']),
    'a docstring': ('"""A bird."""', '"""An owl."""', ['11: """A bird."""']),
    'the order': (
        '        voice.tune(song)\n        voice.warm(song)\n',
        '        voice.warm(song)\n        voice.tune(song)\n',
        ['17: voice.warm(song)'],
    ),
}


@pytest.mark.parametrize('case', LOST)
def test_what_goes_from_a_module(house: House, case: str) -> None:
    """What the woven module lacks is found line by line, without a word of the weave."""
    old, new, lines = LOST[case]
    assert old in MODULE
    result = removals(house, 'nova/bird.py', MODULE, MODULE.replace(old, new))
    assert result == [f'nova/bird.py:{line}  (no mark says so)' for line in lines]


def test_what_goes_from_a_text(house: House) -> None:
    """Lines of a text go when they stand nowhere in their order; indentation is no matter."""
    before, after = 'a\nb\n\nc\nd\n', 'x\n  a\nc\ny\n'
    assert removals(house, 'doc/owls.rst', before, after, Drop(5, 5, 9)) == [
        'doc/owls.rst:2: b  (no mark says so)',
        'doc/owls.rst:5: d  (line 9 of the sketch)',
    ]


def test_check_ends_when_a_worker_is_killed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that the machine ends, for want of memory say, is no reason to wait for ever."""
    monkeypatch.setattr(check, 'weave', lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    code, _, err = house.graft('check')
    assert code == 1
    assert err.endswith('graft: a process that checked a release was killed\n')

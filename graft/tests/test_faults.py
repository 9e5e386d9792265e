"""Each fault ends in one clear message, exit status 1 and no half-written tree."""

import hashlib

import pytest

from graft.tests.conftest import SKETCH, House

ANCHOR = '        voice.tune(...)  # nova\n'

SKETCHES = {
    'an anchor that matches nothing': (
        SKETCH.replace(ANCHOR, '        voice.tone(...)  # nova\n'),
        'nova/bird.py (old), line 10, in Bird.sing: `voice.tone(...)` is not in the release\n'
        '  nearest in the release:\n'
        '    15: voice = self.voice()\n'
        '    16: voice.tune(song)\n'
        '    17: voice.warm(song)\n'
        '  Hold on to a line that the release has.\n',
    ),
    'an anchor that matches twice': (
        SKETCH.replace(ANCHOR, '        ...(song)  # nova\n'),
        'nova/bird.py (old), line 10, in Bird.sing: `...(song)` stands in 2 places\n'
        '  nearest in the release:\n'
        '    16: voice.tune(song)\n'
        '    17: voice.warm(song)\n'
        '  Quote more of the line, or hold on to the line before it as well.\n',
    ),
    'a replaced function without its mark': (
        SKETCH.split('        ...')[0] + '        return 1\n',
        'nova/bird.py (old), line 8, in Bird.sing: the release has this function, '
        'and the sketch holds on to nothing of it\n'
        '  Keep what Nova has with `...`, or end the `def` line with `# replaces nova`.\n',
    ),
    'a syntax error': (
        SKETCH.replace('*nova):', '*nova:'),
        'nova/bird.py (old), line 8: the sketch is not Python: '
        "'(' was never closed\n"
        '  A sketch is plain Python; the signs are `...` and comments.\n',
    ),
    'a function that the release has lost': (
        SKETCH.replace('def sing', 'def hum'),
        'nova/bird.py (old), line 8, in Bird.hum: `def hum` is not in the release, '
        'but the sketch holds on to it\n'
        '  nearest in the release:\n'
        '    13: def sing\n'
        '  Find where the release has it now; without a sign it would be new.\n',
    ),
}


@pytest.mark.parametrize('fault', SKETCHES)
def test_sketch_that_does_not_fit(house: House, fault: str) -> None:
    """The message names file, release, line and function, what was sought, and the remedy."""
    house.graft('tree')
    before = (house.tree / 'nova/bird.py').read_bytes()
    sketch, message = SKETCHES[fault]
    house.write('nova/bird.py', sketch)
    code, out, err = house.graft('tree')
    reported = err.split('failed\n', 1)[1]
    assert (code, out, reported) == (1, '', f'graft: {message}')
    assert (house.tree / 'nova/bird.py').read_bytes() == before
    assert not (house.root / '.fork/old/.weaving').exists()


LOST = {
    'parameters': ('nova/owl.py', 'def hoot(*nova):\n    pass\n', 1),
    'a statement': ('nova/owl.py', '"""Owls."""\n\n...\n\nEYES = 2\n', 3),
    'an element': ('nova/owl.py', 'EARS = [..., 3]\n', 1),
    'a decorator': ('nova/owl.py', '@...\ndef hoot():\n    pass\n', 1),
    'an assignment': ('nova/owl.py', 'EARS = ...\nEYES = 2\n', 1),
    'an anchor': ('nova/owl.py', 'def hoot():\n    wake()  # nova\n', 2),
    'a replaced function': ('nova/owl.py', 'def hoot():  # replaces nova\n    wake()\n', 1),
    'a dropped statement': ('nova/owl.py', 'def hoot():\n    wake()  # drops nova\n', 2),
    'rst, a rest': ('doc/owls.rst', 'Owls\n====\n\n...\n', 4),
    'rst, an anchor': ('doc/owls.rst', 'Owls\n====\n\nThey hoot.  # nova\n', 4),
    'rst, a replaced section': ('doc/owls.rst', 'Owls\n====\n\n.. replaces nova\n\nA.\n', 4),
    'yaml, a rest': ('doc/owls.yaml', 'owls:\n  ...\n  barn: 1\n', 2),
    'yaml, a replaced key': ('doc/owls.yaml', 'owls: 3  # replaces nova\n', 1),
    'ini, a rest': ('etc/owls.cfg', '[owls]\neyes =\n    ...\n    two\n', 3),
    'ini, a dropped line': ('etc/owls.cfg', '[owls]\neyes =\n    two  # drops nova\n', 3),
    'toml, a replaced key': ('etc/owls.toml', '[owls]\neyes = 2  # replaces nova\n', 2),
    'plain, a rest': ('etc/owls', '...\nbarn\n', 1),
}


@pytest.mark.parametrize('sign', LOST)
def test_sketch_of_a_file_that_the_release_has_lost(house: House, sign: str) -> None:
    """Any sign in a file of any format that the release lacks says that it is no new file."""
    path, sketch, line = LOST[sign]
    house.write(path, sketch)
    code, _, err = house.graft('tree')
    assert code == 1
    assert err.endswith(
        f'graft: {path} (old), line {line}: the release has no such file, '
        'but the sketch holds on to a line of it\n'
        '  Find where Nova has moved it; without a sign it would be a new file.\n'
    )


NEW = {
    'nova/owl.py': (
        '"""Owls hoot; `...` and `# nova` are words here."""\n\nNOTE = "x  # nova"\n\n\n'
        'def hoot(times: tuple[int, ...]):\n    pass  # as nova does\n'
    ),
    'doc/owls.rst': 'Owls\n====\n\nThey hoot ...\n\n... and sleep.\n',
    'etc/owls.cfg': '[owls]\neyes = two  # as nova has\n',
}


@pytest.mark.parametrize('path', NEW)
def test_new_file_without_signs(house: House, path: str) -> None:
    """What only looks like a sign does not make a sketch of a new file."""
    house.write(path, NEW[path])
    assert house.graft('tree')[0] == 0
    assert (house.tree / path).read_text() == NEW[path]


@pytest.mark.parametrize(('path', 'text'), [('nova/nest.py', 'A = 1\n'), ('README.rst', 'A\n')])
def test_new_file_whose_path_the_release_has(house: House, path: str, text: str) -> None:
    """A file without a sign is new; it is never woven into one of Nova's by chance."""
    house.write(path, text)
    branch = (house.root / 'pyproject.toml').read_text().replace('"setup.cfg"', '"README.rst"')
    house.write('pyproject.toml', branch)
    code, _, err = house.graft('tree')
    assert code == 1
    assert err.endswith(
        f'graft: {path} (old): the release has this file, and nothing in ours says that it is a '
        'sketch\n'
        "  Put `...` where Nova's own lines stand; a new file takes a path that Nova has not.\n"
    )


def test_unknown_release(house: House) -> None:
    """The releases there are come with the refusal."""
    code, _, err = house.graft('tree', '--release', '1999.1')
    assert (code, err) == (1, 'graft: release `1999.1` is unknown; there are new, old\n')


def test_tarball_with_the_wrong_hash(house: House) -> None:
    """A tarball that is not the release is never unpacked."""
    path = house.root / '.fork/tarballs/nova-1.0.0.tar.gz'
    right = (house.root / 'releases/old/release.toml').read_text().split('"')[3]
    path.write_bytes(b'something else')
    wrong = hashlib.sha256(b'something else').hexdigest()
    code, _, err = house.graft('tree')
    assert (code, err) == (
        1,
        f'graft: {path} is not the release: its sha256 is {wrong},\n'
        f'  releases/old/release.toml says {right}.\n'
        '  Delete the file to have it fetched again.\n',
    )
    assert not house.tree.exists()


def test_no_network_and_no_cache(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """What to do without a package index stands in the message."""
    for name, value in {'NO_INDEX': '1', 'FIND_LINKS': '', 'EXTRA_INDEX_URL': ''}.items():
        monkeypatch.setenv(f'PIP_{name}', value)
    path = house.root / '.fork/tarballs/nova-1.0.0.tar.gz'
    path.unlink()
    code, _, err = house.graft('tree')
    assert code == 1
    assert f'graft: cannot fetch nova 1.0.0, and {path} is not there.\n' in err
    assert '  Connect to a package index, or put the tarball there.\n' in err
    assert not house.tree.exists()
    assert list(path.parent.glob('*1.0.0*')) == []

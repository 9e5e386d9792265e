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


def test_sketch_of_a_file_that_the_release_has_lost(house: House) -> None:
    """A sign in a file that the release lacks is not taken for a new file."""
    house.write('nova/owl.py', 'def hoot(*nova):\n    ...\n')
    code, _, err = house.graft('tree')
    assert code == 1
    assert err.endswith(
        'graft: nova/owl.py (old), line 1: the release has no such file, '
        'but the sketch holds on to a line of it\n'
        '  Find where Nova has moved it; without a sign it would be a new file.\n'
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

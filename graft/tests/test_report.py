"""What `graft report` and `graft check` say of a branch."""

import json

from graft.tests.conftest import MODULE, NEW, House

COPY = '''\
"""Owls."""


def hoot(self, song):
    """Hoot."""
    voice = self.voice()
    voice.tune(song)
    voice.warm(song)
    return voice.carry(os.linesep)
'''


def test_report_names_every_file_and_function(house: House) -> None:
    """Each touched piece is listed with how it was touched and what that cost in lines."""
    assert house.graft('report')[1] == (
        'nova/bird.py\n'
        '    edited   imports  +1 -0\n'
        '    edited   Bird.sing  +1 -0\n'
        'nova/count.py  new, 2 lines\n'
        '1 new files, 1 files of Nova touched: 4 lines added, 0 dropped\n'
    )


def test_report_as_json(house: House) -> None:
    """The same facts for programs."""
    assert json.loads(house.graft('report', '--json')[1])['nova/bird.py'][1] == {
        'name': 'Bird.sing',
        'how': 'edited',
        'added': 1,
        'dropped': 0,
    }


def test_report_against_another_release(house: House) -> None:
    """A port begins with what Nova changed of the functions that the branch touches."""
    changed = MODULE.replace('voice.warm(song)', 'voice.heat(song)')
    changed = changed.replace('"""A bird."""', '"""A singing bird."""')
    house.release('new', '2.0.0', {**NEW, 'nova/bird.py': changed})
    assert house.graft('report', '--against', 'new')[1] == (
        'nova/bird.py: Bird.sing\n'
        '    --- old\n'
        '    +++ new\n'
        '    @@ -4,3 +4,3 @@\n'
        '         voice.tune(song)\n'
        '    -    voice.warm(song)\n'
        '    +    voice.heat(song)\n'
        '         return voice.carry(os.linesep)\n'
    )


def test_report_against_a_release_without_the_function(house: House) -> None:
    """A touched function that is gone is said to be gone."""
    house.release('new', '2.0.0', {**NEW, 'nova/bird.py': 'x = 1\n'})
    assert house.graft('report', '--against', 'new')[1] == (
        'nova/bird.py: Bird.sing is not in new\n'
    )


def test_report_against_a_release_that_changed_nothing(house: House) -> None:
    """Nothing to read is said in words."""
    assert house.graft('report', '--against', 'new')[1] == (
        'Nova changed none of the touched functions in new\n'
    )


def test_check_passes_what_is_ours(house: House) -> None:
    """Each woven file of each release counts as a check."""
    code, out, _ = house.graft('check')
    assert (code, out) == (0, '4 passed, 0 failed\n')


def test_check_names_a_copied_run(house: House) -> None:
    """Four distinctive lines in a row that also stand in the release are a copy."""
    house.write('nova/owl.py', COPY.replace('os.', 'self.'))
    assert house.graft('check')[0] == 0
    house.write('nova/owl.py', COPY)
    code, out, _ = house.graft('check')
    assert code == 1
    assert out == (
        'old: nova/owl.py:6: also in nova/bird.py:15: voice = self.voice()\n6 passed, 1 failed\n'
    )


def test_check_names_an_import_that_a_release_lacks(house: House) -> None:
    """What the branch imports of Nova must be there in every release."""
    house.release('new', '2.0.0', {**NEW, 'nova/nest.py': '', 'nova/bird.py': MODULE})
    house.write('nova/count.py', 'from nova.nest import Guest\nimport nova.egg\n')
    code, out, _ = house.graft('check')
    assert code == 1
    assert out == (
        'new: nova/count.py:1: imports nova.nest.Guest, which is not there\n'
        'new: nova/count.py:2: imports nova.egg, which is not there\n'
        'old: nova/count.py:2: imports nova.egg, which is not there\n'
        '4 passed, 3 failed\n'
    )


def test_check_names_a_weave_that_does_not_compile(house: House) -> None:
    """A file that Python cannot read is found before it is installed anywhere."""
    house.write('nova/count.py', 'return = 1\n')
    code, out, _ = house.graft('check', '--release', 'old')
    assert code == 1
    assert out == (
        'old: nova/count.py:1: the woven module does not compile: invalid syntax\n'
        '2 passed, 1 failed\n'
    )

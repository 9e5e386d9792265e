"""What `make test` counts: every stage's outcome, also of one that fell over."""

import json
import os
import re
import shlex
import sys
from functools import partial
from pathlib import Path

import pytest

from graft.project import Project
from graft.tests.conftest import OLD, House
from graft.workshop import machine, trial, venv
from graft.workshop.trial import Outcome, of_touched, own, select


def stage(name: str, printed: str, code: int = 0, **settings: str) -> str:
    return script(name, f'import sys; print({printed!r}); sys.exit({code})', **settings)


def script(name: str, text: str, **settings: str) -> str:
    plain = json.dumps(text.replace('{', '{{').replace('}', '}}'))
    run = f'run = ["{{python}}", "-c", {plain}]'
    more = [f'{key} = "{value}"' for key, value in settings.items()]
    return '\n'.join(['[[tool.graft.stage]]', f'name = "{name}"', run, *more]) + '\n'


def of_release(name: str, **settings: str) -> str:
    """A stage that prints the release that it runs on."""
    text = "import sys; print(sys.argv[1], '1 passed')"
    return script(name, text, **settings).replace('"]', '", "{release}"]')


def names(output: str) -> list[str]:
    """The names of the stages in the output of a run."""
    return [line[3:] for line in output.splitlines() if line.startswith('== ')]


def run_stages(house: House, *stages: str) -> tuple[int, str, str]:
    """Exit status and output of a run of these stages."""
    with (house.root / 'pyproject.toml').open('a') as file:
        file.writelines(stages)
    return house.graft('test')


def outcome(house: House, *stages: str) -> tuple[int, list[str]]:
    """Exit status, the line of each stage without its time, and the last line."""
    code, out, _ = run_stages(house, *stages)
    *table, _, last = out.splitlines()[-len(stages) - 2 :]
    return code, [*(' '.join(line.split()[2:]) for line in table), last]


def test_counts_of_all_stages_are_added(house: House) -> None:
    """The last line counts every test of every stage."""
    one = stage('a', '3 passed, 1 skipped in 0.1s')
    two = stage('b', '4 passed, 0 failed')
    assert outcome(house, one, two) == (
        0,
        [
            '3 passed, 0 failed, 1 skipped a',
            '4 passed, 0 failed b',
            '7 passed, 0 failed, 1 skipped',
        ],
    )


@pytest.mark.parametrize(
    ('printed', 'code', 'line'),
    [
        ('1 failed, 2 passed in 3s', 1, '2 passed, 1 failed'),
        ('2 passed, 1 error in 3s', 1, '2 passed, 1 failed'),
        ('5 passed', 3, '5 passed, 1 failed'),
        ('nothing', 0, '0 passed, 1 failed'),
    ],
    ids=['a failure', 'an error', 'a stage that fell over', 'a stage that ran no test'],
)
def test_failures_count(house: House, printed: str, code: int, line: str) -> None:
    """A stage that fails, falls over or runs no test fails the whole; the next ones still run."""
    status, lines = outcome(house, stage('a', printed, code), stage('b', '1 passed, 0 failed'))
    passed, failed = line.split(', ')
    total = f'{int(passed.split()[0]) + 1} passed, {failed}'
    assert (status, lines[-1]) == (1, total)
    assert lines[0].startswith(line)


def test_why_a_stage_failed_stands_at_the_end(house: House) -> None:
    """The last lines of a failed stage are shown again after all stages, those of others not."""
    one = stage('a', 'FAILED test_bird\n1 failed', code=1)
    two = stage('b', 'all is well\n1 passed')
    _, out, _ = run_stages(house, one, two)
    assert out.rindex('FAILED test_bird') > out.index('all is well')
    assert out.count('all is well') == 1


def test_tests_that_failed_are_named_last(house: House) -> None:
    """Also one that passed when it ran again: whoever sees but the last lines is to see which."""
    lines = ['failed: test_bird', 'passes when it runs again: test_nest', '1 passed, 1 failed']
    one = stage('a', '\n'.join(lines), code=1)
    two = stage('b', 'FAILED a/test_b.py::test_c - assert 1\n1 failed', code=1)
    _, out, _ = run_stages(house, one, two)
    assert out.splitlines()[-4:-1] == [*lines[:2], 'FAILED a/test_b.py::test_c - assert 1']


def test_stage_that_cannot_run_here(house: House) -> None:
    """A stage that says that it was skipped is no failure, unless it ends as one."""
    skips, printed = '0 passed, 0 failed, 1 skipped', stage('b', '1 passed, 0 failed')
    assert outcome(house, stage('a', skips), printed) == (
        0,
        [
            '0 passed, 0 failed, 1 skipped a',
            '1 passed, 0 failed b',
            '1 passed, 0 failed, 1 skipped',
        ],
    )
    assert outcome(house, stage('c', skips, code=1))[0] == 1


def test_what_a_failed_stage_says_on_stderr(house: House) -> None:
    """It stands at the end as well: that is where commands say why they failed."""
    _, out, _ = run_stages(house, script('a', 'import sys; sys.exit("no such bird")'))
    assert 'how it ended\nno such bird\na: ended with 1 after 0 tests\n' in out


def test_command_that_runs_what_failed(house: House) -> None:
    """The tests that pytest names as failed can be run by themselves with a line to paste."""
    lines = ['FAILED a/test_b.py::test_c - assert 1', 'ERROR a/test_d.py::test_e', '2 failed']
    _, out, _ = run_stages(house, stage('a', '\n'.join(lines), code=1))
    words = ['-m', 'pytest', 'a/test_b.py::test_c', 'a/test_d.py::test_e']
    command = shlex.join([sys.executable, *words])
    assert f'to run them again:\n  {command}\n' in out


def test_reasons_of_skipped_tests(house: House) -> None:
    """Equal reasons of a stage, as pytest and stestr give them, are shown once and counted."""
    lines = [
        'SKIPPED [3] tests/test_bird.py:12: needs feathers',
        '{0} nova.tests.test_bird.Test.test_fly ... SKIPPED: needs wind',
        'SKIPPED [2] tests/test_nest.py:7: needs feathers',
        '4 passed, 6 skipped in 1.0s',
    ]
    _, out, _ = run_stages(house, stage('a', '\n'.join(lines)))
    assert 'a: what was skipped, and why\n     5  needs feathers\n     1  needs wind\n' in out


def test_lanes_run_side_by_side(house: House) -> None:
    """Each stage waits for what the other one does; what both say comes in the order of stages."""
    wait = (
        'import pathlib, time\n'
        'pathlib.Path("{0}").touch()\n'
        'while not pathlib.Path("{1}").exists(): time.sleep(0.01)\n'
        'print("{0} is there")\n'
        'print("1 passed, 0 failed")\n'
    )
    one = script('a', wait.format('here', 'there'))
    two = script('b', wait.format('there', 'here'), lane='other')
    code, out, _ = run_stages(house, one, two)
    assert code == 0
    assert out.index('here is there') < out.index('== b') < out.index('there is there')
    assert out.endswith('2 passed, 0 failed\n')


def test_stage_of_a_release_that_this_python_cannot_run(house: House) -> None:
    """It is skipped, and says why."""
    with (house.root / 'releases/new/release.toml').open('a') as file:
        file.write('newest-python = "3.10"\n')
    one = stage('a', '1 passed, 0 failed')
    two = stage('b', 'never printed', needs='new')
    _, out, _ = run_stages(house, one, two)
    assert 'never printed' not in out
    assert '     1  Nova 2.0.0 (new) runs on Python 3.10 and older' in out
    assert out.endswith('1 passed, 0 failed, 1 skipped\n')


def test_tools_that_cannot_be_installed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stage says which of its tools a user has to install, and runs its tests without it."""
    monkeypatch.setattr('os.geteuid', lambda: 1000)
    tools = 'tools = { sh = "dash", feather = "bird" }\n'
    _, out, _ = run_stages(house, stage('a', '1 passed, 1 skipped') + tools)
    assert 'feather missing; on Debian: apt-get install bird\n1 passed, 1 skipped\n' in out


def test_tools_that_are_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root they are installed, and what is there is not touched."""
    if os.geteuid() != 0:
        pytest.skip('only root can install packages')
    apt = tmp_path / 'apt-get'
    apt.write_text('#!/bin/sh\necho "$@" >> $(dirname $0)/calls\n')
    apt.chmod(0o755)
    monkeypatch.setenv('PATH', str(tmp_path), prepend=':')
    assert machine.lacking({'sh': 'dash'}) == ''
    assert machine.lacking({'sh': 'dash', 'feather': 'bird'}) == ''
    update, install = (tmp_path / 'calls').read_text().splitlines()
    assert update.endswith('update')
    assert install.endswith('install -y --no-install-recommends bird')


def test_policy_that_was_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a run left that was interrupted is removed; an administrator's own policy stays."""
    policy = tmp_path / 'policy-rc.d'
    monkeypatch.setattr(machine, 'POLICY', policy)
    # That of the machine is root's.
    monkeypatch.setattr(machine, 'LOCK', tmp_path / 'lock')
    apt = tmp_path / 'apt-get'
    apt.write_text(f'#!/bin/sh\ncp {policy} {tmp_path}/seen\n')
    apt.chmod(0o755)
    monkeypatch.setenv('PATH', str(tmp_path), prepend=':')
    monkeypatch.setattr('os.geteuid', lambda: 0)
    for _ in range(2):
        assert machine.lacking({'feather': 'bird'}) == ''
        assert not policy.exists()
        (tmp_path / 'seen').rename(policy)
    policy.write_text('#!/bin/sh\nexit 0\n')
    assert machine.lacking({'feather': 'bird'}) == ''
    assert policy.read_text() == '#!/bin/sh\nexit 0\n'


def test_everything_on_every_release(house: House) -> None:
    """`test --all` adds the long stages, and repeats those that depend on the release for each."""
    plain, depending = stage('plain', '1 passed'), of_release('depending')
    long = of_release('long') + 'long = true\n'
    _, short, _ = run_stages(house, plain, depending, long)
    _, full, _ = house.graft('test', '--all')
    assert names(short) == ['plain', 'depending']
    assert names(full) == ['plain', 'depending', 'long', 'new: depending', 'new: long']
    assert full.endswith('5 passed, 0 failed\n')
    assert full.count('new 1 passed') == 2


def test_stage_for_everywhere(house: House) -> None:
    """It runs for the other releases as well."""
    quick = of_release('quick') + 'everywhere = true\n'
    _, out, _ = run_stages(house, of_release('one'), quick)
    assert names(out) == ['one', 'quick', 'new: quick']
    assert 'new 1 passed' in out


@pytest.mark.parametrize(
    ('failed', 'again', 'settled'),
    [
        ('', None, Outcome(7, frozenset())),
        ('ab', 'b', Outcome(8, frozenset('b'), unsteady=frozenset('a'))),
        ('ab', 'ab', Outcome(7, frozenset('ab'))),
        ('abcdef', None, Outcome(7, frozenset('abcdef'))),
    ],
    ids=['none', 'one stalled', 'faults', 'too many'],
)
def test_what_fails_runs_again(
    monkeypatch: pytest.MonkeyPatch, failed: str, again: str | None, settled: Outcome
) -> None:
    """A few tests that fail run once more; one that passes then is counted and named."""

    def run(*args: object) -> Outcome:
        assert again is not None
        assert args[-1] == sorted(failed)
        return Outcome(len(failed) - len(again), frozenset(again))

    monkeypatch.setattr(trial, 'run', run)
    outcome = trial.settle(Outcome(7, frozenset(failed)), Path(), Path(), 'unit')
    assert outcome == settled


@pytest.fixture
def quick(house: House, monkeypatch: pytest.MonkeyPatch):
    """Exit status and output of the quick selection, which is a module with this text."""

    def run(text: str) -> tuple[int, str]:
        house.write('nova/tests/unit/test_count.py', text)
        house.graft('tree')
        monkeypatch.setattr(venv, 'make', lambda *_: (house.tree, Path(sys.executable)))
        with (house.root / 'pyproject.toml').open('a') as file:
            file.write('quick = ["nova.tests.unit.test_count"]\n')
        status, out, _ = house.graft('quick')
        return status, out

    return run


QUICK = """\
import unittest
class Test(unittest.TestCase):
    def test_fly(self): pass
    def test_sing(self): self.assertIn({!r}, open('nova/bird.py').read())
    def test_swim(self): self.skipTest('no water')
"""


@pytest.mark.parametrize(
    ('content', 'code', 'line'),
    [('', 0, '2 passed, 0 failed, 1 skipped'), ('?', 1, '1 passed, 1 failed, 1 skipped')],
)
def test_quick_selection(quick, content: str, code: int, line: str) -> None:
    """It counts what passed, failed and was skipped, and names what failed."""
    status, out = quick(QUICK.format(content))
    assert (status, out.splitlines()[-1]) == (code, line)
    assert bool(re.search(r'failed: .*\btest_sing\b', out)) == bool(code)


def test_quick_selection_that_cannot_be_loaded(quick) -> None:
    """A module that cannot be imported fails, by its name."""
    status, out = quick('import nova.no_such_bird\n')
    assert (status, out.splitlines()[-1]) == (1, '0 passed, 1 failed')


def test_upstream_tests_of_what_is_touched(house: House) -> None:
    """Those in the folder of a touched module's name, in a file that bears or names it."""
    files = {
        **OLD,
        'nova/tests/unit/test_bird.py': '',
        'nova/tests/unit/test_flight.py': 'from nova import bird\n',
        'nova/tests/unit/test_birds_of_others.py': 'from nova import birdcage\n',
        'nova/tests/unit/test_nest.py': '',
        'nova/tests/unit/air/test_far.py': 'from nova import bird\n',
    }
    house.release('old', '1.0.0', files)
    house.write('nova/tests/unit/test_count.py', 'pass\n')
    house.write('nova/tests/unit/test_own.py', 'from nova import bird\n')
    house.graft('tree')
    project = Project.at(house.root)
    release = project.release()
    assert of_touched(project, house.tree, 'unit') == [
        'nova.tests.unit.test_bird',
        'nova.tests.unit.test_flight',
    ]
    assert own(project, release, 'unit') == [
        'nova.tests.unit.test_count',
        'nova.tests.unit.test_own',
    ]


def test_repeating_tests(house: House) -> None:
    """What repeats others is not among the branch's own, and has a word for itself."""
    house.write('nova/tests/unit/test_own.py', '')
    house.write('nova/tests/unit/test_own_again.py', '')
    with (house.root / 'pyproject.toml').open('a') as file:
        file.write('repeating = ["nova.tests.unit.test_own_again"]\n')
    project = Project.at(house.root)
    chosen = partial(select, project, project.release(), house.tree, 'unit')
    assert chosen(['own']) == ['nova.tests.unit.test_own']
    assert chosen(['repeating']) == ['nova.tests.unit.test_own_again']


def test_functional_tests_of_what_is_touched(house: House) -> None:
    """Those that `pyproject.toml` names and the release has, without the branch's own."""
    flights = {f'nova/tests/functional/air/test_{name}.py': '' for name in ('far', 'high')}
    house.release('old', '1.0.0', {**OLD, **flights, 'nova/tests/functional/test_nest.py': ''})
    house.write('nova/tests/functional/air/test_count.py', 'pass\n')
    with (house.root / 'pyproject.toml').open('a') as file:
        file.write('touched-functional = ["air/test_*.py", "test_bird.py"]\n')
    house.graft('tree')
    assert of_touched(Project.at(house.root), house.tree, 'functional') == [
        'nova.tests.functional.air.test_far',
        'nova.tests.functional.air.test_high',
    ]

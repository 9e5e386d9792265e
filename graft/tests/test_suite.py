"""What `make test` counts: every stage's outcome, also of one that fell over."""

import json

import pytest

from graft.project import Project
from graft.tests.conftest import OLD, House
from graft.workshop.trial import of_touched, own


def stage(name: str, printed: str, code: int = 0) -> str:
    script = f'import sys; print({printed!r}); sys.exit({code})'
    return (
        f'[[tool.graft.stage]]\nname = "{name}"\nrun = ["{{python}}", "-c", {json.dumps(script)}]\n'
    )


def outcome(house: House, *stages: str) -> tuple[int, list[str]]:
    """Exit status, the line of each stage without its time, and the last line."""
    with (house.root / 'pyproject.toml').open('a') as file:
        file.writelines(stages)
    code, out, _ = house.graft('test')
    *table, last = out.splitlines()[-len(stages) - 1 :]
    return code, [*(' '.join(line.split()[2:]) for line in table), last]


def test_counts_of_all_stages_are_added(house: House) -> None:
    """The last line counts every test of every stage."""
    one = stage('a', '3 passed, 1 skipped in 0.1s')
    two = stage('b', '4 passed, 0 failed')
    assert outcome(house, one, two) == (
        0,
        ['3 passed, 0 failed a', '4 passed, 0 failed b', '7 passed, 0 failed'],
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
    """The last lines of a failed stage are told again after all stages, those of others not."""
    with (house.root / 'pyproject.toml').open('a') as file:
        file.write(stage('a', 'FAILED test_bird\n1 failed', code=1))
        file.write(stage('b', 'all is well\n1 passed'))
    _, out, _ = house.graft('test')
    assert out.rindex('FAILED test_bird') > out.index('all is well')
    assert out.count('all is well') == 1


def test_stage_that_cannot_run_here(house: House) -> None:
    """A stage that says that it was skipped is no failure, unless it ends as one."""
    skips, printed = '0 passed, 0 failed, 1 skipped', stage('b', '1 passed, 0 failed')
    assert outcome(house, stage('a', skips), printed) == (
        0,
        ['skipped: see above a', '1 passed, 0 failed b', '1 passed, 0 failed'],
    )
    assert outcome(house, stage('c', skips, code=1))[0] == 1


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

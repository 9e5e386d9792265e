"""Many nodes: the order of restarts, how many computes at a time, and what a stop leaves."""

import itertools
import json
import signal
from pathlib import Path

from upgrade.tests import made_up
from upgrade.tests.world import Node, World, read_until, without_upgrade_files


def _times(node: Node) -> tuple[float, float]:
    began, ended = (node.root / 'times').read_text().split()
    return float(began), float(ended)


def _slow(node: Node) -> Node:
    """Restarting it takes a while, and records when it began and ended."""
    times = f'{node.root}/times'
    clock = 'date +%s.%N'
    node.restart = f'{clock} > {times}; sleep 0.7; {node.restart}; {clock} >> {times}'
    return node


def _three(operator: World) -> list[Node]:
    return [_slow(operator.node(f'compute{number}')) for number in (1, 2, 3)]


def test_control_services_first_then_computes_one_by_one(operator: World) -> None:
    """Whatever the order of the inventory; two computes are never down at once."""
    computes = _three(operator)
    api = _slow(operator.node('api', role='api'))
    conductor = _slow(operator.node('conductor', role='conductor'))
    before = {node.root: node.files() for node in (*computes, api, conductor)}
    operator.does('apply')
    times = [_times(node) for node in (conductor, api, *computes)]
    for (_, ended), (began, _) in itertools.pairwise(times):
        assert ended <= began
    operator.does('verify')
    operator.does('rollback')
    assert {node.root: node.files() for node in (*computes, api, conductor)} == before


def test_computes_two_at_a_time(operator: World) -> None:
    """Two overlap, the third waits until both are healthy."""
    first, second, third = _three(operator)
    for one, other in ((first, second), (second, first)):
        wait = f'until test -e {other.root}/times; do sleep 0.1; done'
        one.restart = one.restart.replace('sleep 0.7', f'{wait}; sleep 0.7')
    operator.does('apply', '--batch', '2')
    assert max(_times(first)[0], _times(second)[0]) < min(_times(first)[1], _times(second)[1])
    assert _times(third)[0] >= max(_times(first)[1], _times(second)[1])


def test_two_computes_that_fail_together(operator: World) -> None:
    """Both are put back, and both are reported."""
    nodes = _three(operator)
    for node in nodes[:2]:
        node.health = f'! grep -q xloud {node.running}'
    before = [node.files() for node in nodes]
    operator.timeout = 4
    done = operator.run('apply', '--batch', '2')
    assert done.returncode == 1
    for name in ('compute1/nova', 'compute2/nova'):
        assert f'{name}: compute does not come back within 4 s' in done.stderr
        assert f'  {name} was put back' in done.stderr
    assert [node.files() for node in nodes] == before
    assert [node.runs for node in nodes] == ['29.4.0'] * 3


def test_stopped_in_the_middle_of_a_roll(operator: World) -> None:
    """Each node is old or new, each service runs its files, and apply continues from there."""
    nodes = _three(operator)
    run = operator.start('apply')
    read_until(run, 'compute2/nova        restart')
    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=60)
    assert run.returncode == 130
    assert 'changed and healthy: compute1/nova' in err
    assert 'compute3/nova' in err.splitlines()[-2]
    stock, fork = '29.4.0', '29.4.0+xloud.1'
    versions = [target['version'] for target in json.loads(operator.does('status', '--json'))]
    assert versions == [node.runs for node in nodes]
    assert versions in ([fork, stock, stock], [fork, fork, stock])
    operator.does('apply')
    assert [node.runs for node in nodes] == [fork] * 3


def test_part_of_the_nodes(operator: World) -> None:
    """Patterns choose targets; the others are not touched."""
    nodes = _three(operator)
    operator.does('apply', 'compute[12]')
    assert [node.runs for node in nodes] == ['29.4.0+xloud.1', '29.4.0+xloud.1', '29.4.0']


def test_from_one_state_of_the_fork_to_the_next(operator: World, tmp_path: Path) -> None:
    """What only the earlier one brought is removed; a rollback goes one step back."""
    node = operator.node('one')
    stock = node.files()
    operator.does('apply')
    first = node.files()
    operator.fork = made_up.wheel(
        tmp_path / 'next', '29.4.0+xloud.2', made_up.NEXT_FORK, made_up.FORK_POINTS
    )
    operator.does('apply')
    operator.does('verify')
    assert node.runs == '29.4.0+xloud.1'  # what its version.py says
    assert not (node.site / 'nova/adjust').exists()
    api = (node.site / 'nova/compute/api.py').read_text()
    assert api == made_up.RELEASED['nova/compute/api.py']
    named = json.loads(operator.does('backups', '--json'))['one/nova']
    assert [name.partition('-')[2] for name in named] == ['29.4.0+xloud.1', '29.4.0']

    operator.does('rollback')
    assert without_upgrade_files(node.files()) == without_upgrade_files(first)
    operator.does('rollback', '--to', named[1])
    assert node.files() == stock


def test_backups_are_private(operator: World) -> None:
    """An installed nova may contain local patches; only its operator can read the backup."""
    operator.node('one')
    operator.does('apply')
    folder = operator.backups / 'one_nova'
    assert oct(folder.stat().st_mode)[-3:] == '700'
    assert oct(operator.backups.stat().st_mode)[-3:] == '700'
    modes = {path.suffix: oct(path.stat().st_mode)[-3:] for path in folder.iterdir()}
    assert modes == {'.gz': '600', '.json': '600'}


def test_a_damaged_backup_is_refused(operator: World) -> None:
    """It is compared with its manifest before the target is touched."""
    node = operator.node('one')
    operator.does('apply')
    after = node.files()
    (archive,) = (operator.backups / 'one_nova').glob('*.tar.gz')
    archive.write_bytes(archive.read_bytes()[:-10])
    done = operator.run('rollback')
    assert done.returncode == 1
    assert f'{archive} is not what was backed up: its sha256 is' in done.stderr
    assert node.files() == after


def test_a_host_that_cannot_be_reached(operator: World) -> None:
    """The others are not touched, and ssh's own words are shown."""
    one, two = operator.node('one'), operator.node('two')
    before = one.files(), two.files()
    operator.sshd = _Closed(operator)
    done = operator.run('apply')
    assert done.returncode == 1
    assert 'Connection refused' in done.stderr
    assert (one.files(), two.files()) == before


class _Closed:
    """No ssh daemon listens here."""

    port = 1

    def __init__(self, world: World) -> None:
        self.options = world.sshd.options

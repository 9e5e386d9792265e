"""Many nodes: the order of restarts, how many computes at a time, and what a stop leaves."""

import itertools
import json
import signal
from pathlib import Path

from upgrade.tests import made_up
from upgrade.tests.test_faults import _but_ours, _read_until
from upgrade.tests.world import Node, World


def _times(node: Node) -> tuple[float, float]:
    began, ended = (node.root / 'times').read_text().split()
    return float(began), float(ended)


def _slow(node: Node) -> Node:
    """Restarting it takes a while, and it writes down from when to when."""
    times = f'{node.root}/times'
    clock = 'date +%s.%N'
    node.restart = f'{clock} > {times}; sleep 0.7; {node.restart}; {clock} >> {times}'
    return node


def _three(nowhere: World) -> list[Node]:
    return [_slow(nowhere.node(f'compute{number}')) for number in (1, 2, 3)]


def test_control_services_first_then_computes_one_by_one(nowhere: World) -> None:
    """Whatever the order of the inventory; and never are two computes away at once."""
    computes = _three(nowhere)
    api = _slow(nowhere.node('api', role='api'))
    conductor = _slow(nowhere.node('conductor', role='conductor'))
    before = {node.root: node.files() for node in (*computes, api, conductor)}
    nowhere.does('apply')
    times = [_times(node) for node in (conductor, api, *computes)]
    for (_, ended), (began, _) in itertools.pairwise(times):
        assert ended <= began
    nowhere.does('verify')
    nowhere.does('rollback')
    assert {node.root: node.files() for node in (*computes, api, conductor)} == before


def test_computes_two_at_a_time(nowhere: World) -> None:
    """Two overlap, the third waits for both to be well."""
    first, second, third = _three(nowhere)
    for one, other in ((first, second), (second, first)):
        wait = f'until test -e {other.root}/times; do sleep 0.1; done'
        one.restart = one.restart.replace('sleep 0.7', f'{wait}; sleep 0.7')
    nowhere.does('apply', '--batch', '2')
    assert max(_times(first)[0], _times(second)[0]) < min(_times(first)[1], _times(second)[1])
    assert _times(third)[0] >= max(_times(first)[1], _times(second)[1])


def test_two_computes_that_fail_together(nowhere: World) -> None:
    """Both are put back, and both are told of."""
    nodes = _three(nowhere)
    for node in nodes[:2]:
        node.health = f'! grep -q xloud {node.running}'
    before = [node.files() for node in nodes]
    nowhere.timeout = 4
    done = nowhere.run('apply', '--batch', '2')
    assert done.returncode == 1
    for name in ('compute1/nova', 'compute2/nova'):
        assert f'{name}: compute does not come back within 4 s' in done.stderr
        assert f'  {name} was put back' in done.stderr
    assert [node.files() for node in nodes] == before
    assert [node.runs for node in nodes] == ['29.4.0'] * 3


def test_stopped_in_the_middle_of_a_roll(nowhere: World) -> None:
    """Each node is old or new, each service runs what is there, and apply goes on from there."""
    nodes = _three(nowhere)
    run = nowhere.start('apply')
    _read_until(run, 'compute2/nova        restart')
    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=60)
    assert run.returncode == 130
    assert 'changed and healthy: compute1/nova' in err
    assert 'compute3/nova' in err.splitlines()[-2]
    stock, fork = '29.4.0', '29.4.0+xloud.1'
    versions = [each['version'] for each in json.loads(nowhere.does('status', '--json'))]
    assert versions == [node.runs for node in nodes]
    assert versions in ([fork, stock, stock], [fork, fork, stock])
    nowhere.does('apply')
    assert [node.runs for node in nodes] == [fork] * 3


def test_part_of_the_nodes(nowhere: World) -> None:
    """Patterns choose targets; the others are not looked at."""
    nodes = _three(nowhere)
    nowhere.does('apply', 'compute[12]')
    assert [node.runs for node in nodes] == ['29.4.0+xloud.1', '29.4.0+xloud.1', '29.4.0']


def test_from_one_state_of_the_fork_to_the_next(nowhere: World, tmp_path: Path) -> None:
    """What the earlier one brought and the later lacks goes; a rollback leads one step back."""
    node = nowhere.node('one')
    stock = node.files()
    nowhere.does('apply')
    first = node.files()
    nowhere.fork = made_up.wheel(
        tmp_path / 'next', '29.4.0+xloud.2', made_up.NEXT_FORK, made_up.FORK_POINTS
    )
    nowhere.does('apply')
    nowhere.does('verify')
    assert node.runs == '29.4.0+xloud.1'  # what its version.py says
    assert not (node.site / 'nova/adjust').exists()
    api = (node.site / 'nova/compute/api.py').read_text()
    assert api == made_up.RELEASED['nova/compute/api.py']
    named = json.loads(nowhere.does('backups', '--json'))['one/nova']
    assert [name.partition('-')[2] for name in named] == ['29.4.0+xloud.1', '29.4.0']

    nowhere.does('rollback')
    assert _but_ours(node.files()) == _but_ours(first)
    nowhere.does('rollback', '--to', named[1])
    assert node.files() == stock


def test_backups_are_private(nowhere: World) -> None:
    """An installed nova may hold what was patched in; only its operator can read the backup."""
    nowhere.node('one')
    nowhere.does('apply')
    folder = nowhere.backups / 'one_nova'
    assert oct(folder.stat().st_mode)[-3:] == '700'
    assert oct(nowhere.backups.stat().st_mode)[-3:] == '700'
    modes = {path.suffix: oct(path.stat().st_mode)[-3:] for path in folder.iterdir()}
    assert modes == {'.gz': '600', '.json': '600'}


def test_a_damaged_backup_is_refused(nowhere: World) -> None:
    """It is held against its manifest before the target is touched."""
    node = nowhere.node('one')
    nowhere.does('apply')
    after = node.files()
    (archive,) = (nowhere.backups / 'one_nova').glob('*.tar.gz')
    archive.write_bytes(archive.read_bytes()[:-10])
    done = nowhere.run('rollback')
    assert done.returncode == 1
    assert f'{archive} is not what was backed up: its sha256 is' in done.stderr
    assert node.files() == after


def test_a_host_that_cannot_be_reached(nowhere: World) -> None:
    """The others are not touched, and ssh's own words are shown."""
    one, two = nowhere.node('one'), nowhere.node('two')
    before = one.files(), two.files()
    nowhere.sshd = _Closed(nowhere)
    done = nowhere.run('apply')
    assert done.returncode == 1
    assert 'Connection refused' in done.stderr
    assert (one.files(), two.files()) == before


class _Closed:
    """No ssh daemon listens here."""

    port = 1

    def __init__(self, world: World) -> None:
        self.options = world.sshd.options

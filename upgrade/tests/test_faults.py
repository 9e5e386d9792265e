"""A failure leaves the old state or the new one, and one clear message."""

import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from upgrade.tests import made_up
from upgrade.tests.world import Node, World, read_until, wait_until, without_upgrade_files

HELD_COPY = """#!/bin/sh
touch {here}/copying
until test -e {here}/go; do sleep 0.1; done
exec {rsync} "$@"
"""


def test_another_nova_is_refused(operator: World) -> None:
    """A target of another release is not touched, and the message says which it has."""
    node = operator.node('one')
    metadata = node.site / 'nova-29.4.0.dist-info' / 'METADATA'
    metadata.write_text(metadata.read_text().replace('29.4.0', '29.2.0'))
    before = node.files()
    done = operator.run('apply')
    assert (done.returncode, done.stdout) == (1, '')
    assert done.stderr.splitlines()[-5:] == [
        'xloud-upgrade: one/nova: it has Nova 29.2.0, the fork is built for 29.4.0',
        '  use the fork built for that release: --release, `make wheel RELEASE=`',
        '  nothing was changed there',
        '  as before: one/nova',
        '  fix the cause and run the command again; completed targets are skipped',
    ]
    assert node.files() == before


def test_a_file_modified_there_is_refused(operator: World) -> None:
    """A local change is not overwritten: check, plan and apply all name the file."""
    node = operator.node('one')
    (node.site / 'nova/compute/manager.py').write_text('OURS = True\n')
    before = node.files()
    for command in ('check', 'plan'):
        done = operator.run(command)
        assert done.returncode == 1
        assert 'nova/compute/manager.py was modified there' in done.stdout
    done = operator.run('apply')
    assert done.returncode == 1
    assert 'one/nova: nova/compute/manager.py was modified there: its sha256 is' in done.stderr
    assert node.files() == before


def test_a_modified_file_that_the_fork_leaves_alone_stays(operator: World) -> None:
    """It is noted, kept by apply and kept by rollback."""
    node = operator.node('one')
    (node.site / 'nova/elsewhere.py').write_text('OURS = True\n')
    before = node.files()
    assert 'nova/elsewhere.py differ from Nova 29.4.0' in operator.does('check')
    operator.does('apply')
    assert (node.site / 'nova/elsewhere.py').read_text() == 'OURS = True\n'
    operator.does('rollback')
    assert node.files() == before


def test_a_module_that_cannot_be_imported_there(operator: World, tmp_path: Path) -> None:
    """The import is tried beside the old files, so these are never exchanged."""
    node = operator.node('one')
    before = node.files()
    broken = {**made_up.FORK, 'nova/elastic.py': 'import no_such_library\nSIZE = 1\n'}
    operator.fork = made_up.wheel(
        tmp_path / 'broken', '29.4.0+xloud.1', broken, made_up.FORK_POINTS
    )
    done = operator.run('apply')
    assert done.returncode == 1
    assert "nova.elastic: ModuleNotFoundError: No module named 'no_such_library'" in done.stderr
    assert 'its files are as they were' in done.stderr
    assert node.files() == before
    assert node.runs == '29.4.0'


def test_a_module_that_does_not_compile_there(operator: World, tmp_path: Path) -> None:
    """The target's own Python compiles it, beside the old files."""
    node = operator.node('one')
    before = node.files()
    broken = {**made_up.FORK, 'nova/elastic.py': 'SIZE = = 1\n'}
    operator.fork = made_up.wheel(
        tmp_path / 'broken', '29.4.0+xloud.1', broken, made_up.FORK_POINTS
    )
    done = operator.run('apply')
    assert 'nova/elastic.py does not compile with Python 3.' in done.stderr
    assert node.files() == before


def test_a_service_that_does_not_come_back(operator: World) -> None:
    """That target is put back and runs again; those after it are not begun."""
    first = operator.node('one', role='conductor')
    second = operator.node('two', role='api')
    third = operator.node('three')
    second.health = f'! grep xloud {second.running}'
    before = {node.root: node.files() for node in (second, third)}
    operator.timeout = 4
    done = operator.run('apply')
    assert done.returncode == 1
    message = done.stderr[done.stderr.index('xloud-upgrade: ') :]
    assert message.splitlines()[0] == ('xloud-upgrade: two/nova: api does not come back within 4 s')
    assert message.splitlines()[3:] == [
        "  | VERSION = '29.4.0+xloud.1'",
        '  two/nova was put back',
        '  changed and healthy: one/nova',
        '  as before: two/nova, three/nova',
        '  fix the cause and run the command again; completed targets are skipped',
    ]
    assert (first.runs, second.runs, third.runs) == ('29.4.0+xloud.1', '29.4.0', '29.4.0')
    assert {node.root: node.files() for node in (second, third)} == before

    second.health = f'test -s {second.running}'
    assert 'one/nova: nothing to do' in operator.does('apply')
    assert (second.runs, third.runs) == ('29.4.0+xloud.1', '29.4.0+xloud.1')


def test_two_operators_at_once(operator: World) -> None:
    """The second is refused, with the name of the first, and nothing else happens."""
    node = operator.node('one')
    go = _held(node)
    first = operator.start('apply')
    read_until(first, 'restart')
    second = operator.run('rollback')
    go.touch()
    out, err = first.communicate(timeout=60)
    assert first.returncode == 0, err
    assert second.returncode == 1
    assert re.search(
        r'one/nova: \S+@\S+ \(pid \d+\) has been running `xloud-upgrade apply` there since [\d:]+\n'
        '  nothing was changed; wait until that has ended\n',
        second.stderr,
    )
    assert node.runs == '29.4.0+xloud.1'
    operator.does('verify')


def test_an_operator_who_freezes(operator: World) -> None:
    """The target ends the session; another run completes the work, and the first one reports it."""
    node = operator.node('one')
    go = _held(node)
    first = operator.start('apply', AGENT_IDLE='4')
    read_until(first, 'restart')
    first.send_signal(signal.SIGSTOP)
    go.touch()
    wait_until(lambda: operator.run('apply').returncode == 0)
    assert node.is_fork
    first.send_signal(signal.SIGCONT)
    _, err = first.communicate(timeout=60)
    assert first.returncode == 1
    assert 'another run has ended what this one began; check with status' in err
    assert node.is_fork
    operator.does('verify')


def test_a_state_folder_that_others_can_write_to_is_refused(operator: World) -> None:
    """What is in it ends up in containers, as root."""
    node = operator.node('one')
    before = node.files()
    state = operator.folder / 'state'
    state.mkdir()
    state.chmod(0o777)
    done = operator.run('apply')
    assert f'other users can write to {state}; remove it, or set `state_dir`' in done.stderr
    assert node.files() == before


def test_the_connection_is_cut_in_the_middle_of_a_copy(operator: World) -> None:
    """The target has its old files; the next run brings the rest."""
    node = operator.node('one')
    before = node.files()
    run = operator.start('apply', **_held_rsync(operator))
    wait_until((operator.folder / 'copying').exists)
    operator.sshd.cut()
    (operator.folder / 'go').touch()
    out, err = run.communicate(timeout=60)
    assert run.returncode == 1
    assert 'xloud-upgrade: ' in err
    assert 'Traceback' not in err
    assert without_upgrade_files(node.files()) == before
    operator.does('apply')
    assert node.runs == '29.4.0+xloud.1'
    operator.does('rollback')
    assert node.files() == before


def test_the_disk_fills_while_files_are_staged(operator: World) -> None:
    """What was staged is removed, and the message names the reason."""
    node = operator.node('one')
    if os.geteuid() != 0:
        pytest.skip('a small file system can be mounted by root only')
    disk = operator.folder / 'disk'
    disk.mkdir()
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', disk], check=True)
    try:
        shutil.copytree(node.site, disk / 'site', symlinks=True)
        shutil.rmtree(node.site)
        node.site.symlink_to(disk / 'site')
        before = Node.files(node)
        run = operator.start('apply', **_held_rsync(operator))
        wait_until((operator.folder / 'copying').exists)
        with (disk / 'fill').open('wb') as stream, pytest.raises(OSError):
            while True:
                stream.write(bytes(1 << 16))
                stream.flush()
        (operator.folder / 'go').touch()
        out, err = run.communicate(timeout=60)
        assert run.returncode == 1
        assert 'No space left on device' in err
        assert 'as before: one/nova' in err
        assert Node.files(node) == before

        done = operator.run('apply')
        assert 'has 0 MiB available, ' in done.stderr
        (disk / 'fill').unlink()
        operator.does('apply')
        operator.does('rollback')
        assert Node.files(node) == before
    finally:
        subprocess.run(['umount', '--lazy', disk], check=True)


STEPS = ('connect', 'back up', 'copy', 'stage', 'exchange', 'restart', 'make it final')


@pytest.mark.parametrize('step', STEPS)
def test_ctrl_c_at_each_step(operator: World, step: str) -> None:
    """The step ends; then the target is whole, old or new, and its service runs what is there."""
    node = operator.node('one')
    before = node.files()
    run = operator.start('apply')
    read_until(run, step)
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=60)
    assert 'Traceback' not in err
    if run.returncode == 0:
        assert step == 'make it final'
    else:
        assert run.returncode == 130, err
    if node.files() == before:
        assert node.runs == '29.4.0'
    else:
        assert node.is_fork
        assert node.runs == '29.4.0+xloud.1'
    operator.does('apply')
    assert node.is_fork
    operator.does('rollback')
    assert node.files() == before


@pytest.mark.parametrize('step', STEPS)
def test_the_operators_machine_dies_at_each_step(operator: World, step: str) -> None:
    """The next command recovers, and apply then continues."""
    node = operator.node('one')
    before = node.files()
    run = operator.start('apply')
    read_until(run, step)
    run.kill()
    run.communicate(timeout=60)
    wait_until(lambda: 'has been running' not in operator.run('status').stdout)
    assert node.is_fork or without_upgrade_files(node.files()) == before
    operator.does('apply')
    assert node.is_fork
    assert node.runs == '29.4.0+xloud.1'
    operator.does('rollback')
    assert node.files() == before


@pytest.mark.parametrize(
    ('journal', 'report'),
    [
        ('swapped', 'an interrupted apply has put all files there, but not restarted all services'),
        ('swapping', 'an interrupted apply has exchanged some of the files'),
    ],
)
def test_commands_that_only_look_leave_an_interrupted_run_alone(
    operator: World, journal: str, report: str
) -> None:
    """They report it, with what to do; the next apply or rollback recovers."""
    node = operator.node('one')
    stock, runs = node.files(), node.running.read_text()
    go = _held(node)
    run = operator.start('apply')
    read_until(run, 'restart')
    run.kill()
    run.communicate(timeout=60)
    go.touch()
    wait_until(lambda: 'has been running' not in operator.run('status').stdout)
    place = node.site / '.xloud-upgrade' / 'journal.json'
    place.write_text(place.read_text().replace('"swapped"', f'"{journal}"'))
    if journal == 'swapping':  # Before all files are there, nothing is restarted.
        node.running.write_text(runs)
    before = node.files()
    state = sorted((operator.folder / 'state').iterdir())
    for command in ('check', 'plan', 'verify', 'status'):
        assert report in operator.run(command).stdout
    assert node.files() == before
    assert sorted((operator.folder / 'state').iterdir()) == state
    operator.does('rollback')
    assert (node.files(), node.runs) == (stock, '29.4.0')


def test_services_that_an_interrupted_run_has_restarted_are_put_back(operator: World) -> None:
    """When the run that continues fails, they may run the new files: all are restarted."""
    node = operator.node('one')
    sick, go, second = (node.root / name for name in ('sick', 'go', 'second'))
    copy = node.restart
    conductor = {
        'role': 'conductor',
        'restart': copy,
        'health': f'! grep -q xloud {node.running} || ! test -e {sick}',
    }
    api = {
        'role': 'api',
        'restart': f'{copy}; cp {node.running} {second}; until test -e {go}; do sleep 0.1; done',
        'health': f'test -s {second}',
    }
    tables = (
        ', '.join(f'{key} = {json.dumps(text)}' for key, text in one.items())
        for one in (conductor, api)
    )
    node.more = f'services = [{", ".join(f"{{{table}}}" for table in tables)}]'
    before = node.files()
    run = operator.start('apply')
    wait_until(lambda: second.exists() and 'xloud' in second.read_text())
    run.kill()
    run.communicate(timeout=60)
    go.touch()
    wait_until(lambda: 'has been running' not in operator.run('status').stdout)

    sick.touch()
    operator.timeout = 4
    done = operator.run('apply')
    assert 'continues after an interruption: restarts' in done.stderr
    assert 'one/nova: conductor does not come back within 4 s' in done.stderr
    assert 'one/nova was put back' in done.stderr
    assert node.files() == before
    assert second.read_text() == made_up.RELEASED['nova/version.py']


@pytest.mark.parametrize('step', ['exchange', 'restart', 'make it final'])
def test_rollback_is_interrupted_at_each_step(operator: World, step: str) -> None:
    """A rollback that was interrupted continues when it is run again."""
    node = operator.node('one')
    before = node.files()
    operator.does('apply')
    run = operator.start('rollback')
    read_until(run, step)
    run.kill()
    run.communicate(timeout=60)
    operator.does('rollback')
    assert node.files() == before
    assert node.runs == '29.4.0'


def _held(node: Node) -> Path:
    """Let its restart wait until the returned file exists."""
    go = node.root / 'go'
    node.restart = f'until test -e {go}; do sleep 0.1; done; {node.restart}'
    return go


def _held_rsync(operator: World) -> dict[str, str]:
    """An rsync that waits until a file exists, in front of the real one."""
    tools = operator.folder / 'tools'
    tools.mkdir(exist_ok=True)
    script = tools / 'rsync'
    script.write_text(HELD_COPY.format(here=operator.folder, rsync=shutil.which('rsync')))
    script.chmod(0o755)
    return {'PATH': f'{tools}:{os.environ["PATH"]}'}

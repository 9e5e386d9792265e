"""What goes wrong leaves the old state or the new one, and one clear message."""

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from upgrade.tests import made_up
from upgrade.tests.world import Node, World

HELD_COPY = """#!/bin/sh
touch {here}/copying
until test -e {here}/go; do sleep 0.1; done
exec {rsync} "$@"
"""


def test_another_nova_is_refused(nowhere: World) -> None:
    """A target of another release is not touched, and the message says which it has."""
    node = nowhere.node('one')
    metadata = node.site / 'nova-29.4.0.dist-info' / 'METADATA'
    metadata.write_text(metadata.read_text().replace('29.4.0', '29.2.0'))
    before = node.files()
    done = nowhere.run('apply')
    assert (done.returncode, done.stdout) == (1, '')
    assert done.stderr.splitlines()[-5:] == [
        'xloud-upgrade: one/nova: it has Nova 29.2.0, the fork is made of 29.4.0',
        '  take the fork of its release: --release, `make wheel RELEASE=`',
        '  nothing was changed there',
        '  as before: one/nova',
        '  run the same command again when the cause is mended: what is done is skipped',
    ]
    assert node.files() == before


def test_a_file_modified_there_is_refused(nowhere: World) -> None:
    """Somebody's own change is not overwritten: check, plan and apply all name the file."""
    node = nowhere.node('one')
    (node.site / 'nova/compute/manager.py').write_text('OURS = True\n')
    before = node.files()
    for command in ('check', 'plan'):
        done = nowhere.run(command)
        assert done.returncode == 1
        assert 'nova/compute/manager.py was modified here' in done.stdout
    done = nowhere.run('apply')
    assert done.returncode == 1
    assert 'one/nova: nova/compute/manager.py was modified here: its sha256 is' in done.stderr
    assert node.files() == before


def test_a_modified_file_that_the_fork_leaves_alone_stays(nowhere: World) -> None:
    """It is told, kept by apply and kept by rollback."""
    node = nowhere.node('one')
    (node.site / 'nova/elsewhere.py').write_text('OURS = True\n')
    before = node.files()
    assert 'nova/elsewhere.py differ from Nova 29.4.0' in nowhere.does('check')
    nowhere.does('apply')
    assert (node.site / 'nova/elsewhere.py').read_text() == 'OURS = True\n'
    nowhere.does('rollback')
    assert node.files() == before


def test_a_module_that_cannot_be_imported_there(nowhere: World, tmp_path: Path) -> None:
    """The import is tried beside the old files, so these are never exchanged."""
    node = nowhere.node('one')
    before = node.files()
    broken = {**made_up.FORK, 'nova/elastic.py': 'import no_such_library\nSIZE = 1\n'}
    nowhere.fork = made_up.wheel(tmp_path / 'broken', '29.4.0+xloud.1', broken, made_up.FORK_POINTS)
    done = nowhere.run('apply')
    assert done.returncode == 1
    assert "nova.elastic: ModuleNotFoundError: No module named 'no_such_library'" in done.stderr
    assert 'its files are as they were' in done.stderr
    assert node.files() == before
    assert node.runs == '29.4.0'


def test_a_module_that_does_not_compile_there(nowhere: World, tmp_path: Path) -> None:
    """The target's own Python compiles it, beside the old files."""
    node = nowhere.node('one')
    before = node.files()
    broken = {**made_up.FORK, 'nova/elastic.py': 'SIZE = = 1\n'}
    nowhere.fork = made_up.wheel(tmp_path / 'broken', '29.4.0+xloud.1', broken, made_up.FORK_POINTS)
    done = nowhere.run('apply')
    assert 'nova/elastic.py does not compile with Python 3.' in done.stderr
    assert node.files() == before


def test_a_service_that_does_not_come_back(nowhere: World) -> None:
    """That target is put back and runs again; those after it are not begun."""
    first = nowhere.node('one', role='conductor')
    second = nowhere.node('two', role='api')
    third = nowhere.node('three')
    second.health = f'! grep xloud {second.running}'
    before = {node.root: node.files() for node in (second, third)}
    nowhere.timeout = 4
    done = nowhere.run('apply')
    assert done.returncode == 1
    message = done.stderr[done.stderr.index('xloud-upgrade: ') :]
    assert message.splitlines()[0] == ('xloud-upgrade: two/nova: api does not come back within 4 s')
    assert message.splitlines()[3:] == [
        "  | VERSION = '29.4.0+xloud.1'",
        '  two/nova was put back',
        '  changed and healthy: one/nova',
        '  as before: two/nova, three/nova',
        '  run the same command again when the cause is mended: what is done is skipped',
    ]
    assert (first.runs, second.runs, third.runs) == ('29.4.0+xloud.1', '29.4.0', '29.4.0')
    assert {node.root: node.files() for node in (second, third)} == before

    second.health = f'test -s {second.running}'
    assert 'one/nova: nothing to do' in nowhere.does('apply')
    assert (second.runs, third.runs) == ('29.4.0+xloud.1', '29.4.0+xloud.1')


def test_two_operators_at_once(nowhere: World) -> None:
    """The second is told who the first is, and nothing else happens."""
    node = nowhere.node('one')
    go = _held(node)
    first = nowhere.start('apply')
    _read_until(first, 'restart')
    second = nowhere.run('rollback')
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
    nowhere.does('verify')


def test_an_operator_who_freezes(nowhere: World) -> None:
    """The target gives up on him; another one ends his work, and he is told so when he is back."""
    node = nowhere.node('one')
    go = _held(node)
    first = nowhere.start('apply', AGENT_IDLE='4')
    _read_until(first, 'restart')
    first.send_signal(signal.SIGSTOP)
    go.touch()
    _until(lambda: nowhere.run('apply').returncode == 0)
    assert node.is_fork
    first.send_signal(signal.SIGCONT)
    _, err = first.communicate(timeout=60)
    assert first.returncode == 1
    assert 'another run has meanwhile ended what this one began; see status' in err
    assert node.is_fork
    nowhere.does('verify')


def test_a_state_folder_of_somebody_else_is_refused(nowhere: World) -> None:
    """What lies in it ends up in containers: who else can write there could put files there."""
    node = nowhere.node('one')
    before = node.files()
    state = nowhere.folder / 'state'
    state.mkdir()
    state.chmod(0o777)
    done = nowhere.run('apply')
    assert f'{state} is not ours alone; remove it, or set `state_dir`' in done.stderr
    assert node.files() == before


def test_the_connection_is_cut_in_the_middle_of_a_copy(nowhere: World) -> None:
    """The target has its old files; the next run brings the rest."""
    node = nowhere.node('one')
    before = node.files()
    run = nowhere.start('apply', **_held_rsync(nowhere))
    _until((nowhere.folder / 'copying').exists)
    nowhere.sshd.cut()
    (nowhere.folder / 'go').touch()
    out, err = run.communicate(timeout=60)
    assert run.returncode == 1
    assert 'xloud-upgrade: ' in err
    assert 'Traceback' not in err
    assert _but_ours(node.files()) == before
    nowhere.does('apply')
    assert node.runs == '29.4.0+xloud.1'
    nowhere.does('rollback')
    assert node.files() == before


def test_the_disk_fills_while_files_are_staged(nowhere: World) -> None:
    """What was staged is removed, and the message names the file that found no room."""
    node = nowhere.node('one')
    if os.geteuid() != 0:
        pytest.skip('a small file system can be mounted by root only')
    disk = nowhere.folder / 'disk'
    disk.mkdir()
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', disk], check=True)
    try:
        shutil.copytree(node.site, disk / 'site', symlinks=True)
        shutil.rmtree(node.site)
        node.site.symlink_to(disk / 'site')
        before = Node.files(node)
        run = nowhere.start('apply', **_held_rsync(nowhere))
        _until((nowhere.folder / 'copying').exists)
        with (disk / 'fill').open('wb') as stream, pytest.raises(OSError):
            while True:
                stream.write(bytes(1 << 16))
                stream.flush()
        (nowhere.folder / 'go').touch()
        out, err = run.communicate(timeout=60)
        assert run.returncode == 1
        assert 'No space left on device' in err
        assert 'as before: one/nova' in err
        assert Node.files(node) == before

        done = nowhere.run('apply')
        assert 'has 0 MiB free, ' in done.stderr
        (disk / 'fill').unlink()
        nowhere.does('apply')
        nowhere.does('rollback')
        assert Node.files(node) == before
    finally:
        subprocess.run(['umount', '--lazy', disk], check=True)


STEPS = ('connect', 'back up', 'copy', 'stage', 'exchange', 'restart', 'make it final')


@pytest.mark.parametrize('step', STEPS)
def test_ctrl_c_at_each_step(nowhere: World, step: str) -> None:
    """The step ends; then the target is whole, old or new, and its service runs what is there."""
    node = nowhere.node('one')
    before = node.files()
    run = nowhere.start('apply')
    _read_until(run, step)
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
    nowhere.does('apply')
    assert node.is_fork
    nowhere.does('rollback')
    assert node.files() == before


@pytest.mark.parametrize('step', STEPS)
def test_the_operators_machine_dies_at_each_step(nowhere: World, step: str) -> None:
    """The next command ends what was left, and apply then goes on."""
    node = nowhere.node('one')
    before = node.files()
    run = nowhere.start('apply')
    _read_until(run, step)
    run.kill()
    run.communicate(timeout=60)
    _until(lambda: 'has been running' not in nowhere.run('status').stdout)
    assert node.is_fork or _but_ours(node.files()) == before
    nowhere.does('apply')
    assert node.is_fork
    assert node.runs == '29.4.0+xloud.1'
    nowhere.does('rollback')
    assert node.files() == before


@pytest.mark.parametrize(
    ('journal', 'told'),
    [
        ('swapped', 'an interrupted apply has put all files there, but not restarted all services'),
        ('swapping', 'an interrupted apply has exchanged a part of the files'),
    ],
)
def test_who_only_looks_at_what_was_cut_off_changes_nothing(
    nowhere: World, journal: str, told: str
) -> None:
    """It is told, and what to do; the next apply or rollback puts it in order."""
    node = nowhere.node('one')
    stock, runs = node.files(), node.running.read_text()
    go = _held(node)
    run = nowhere.start('apply')
    _read_until(run, 'restart')
    run.kill()
    run.communicate(timeout=60)
    go.touch()
    _until(lambda: 'has been running' not in nowhere.run('status').stdout)
    place = node.site / '.xloud-upgrade' / 'journal.json'
    place.write_text(place.read_text().replace('"swapped"', f'"{journal}"'))
    if journal == 'swapping':  # Before all files are there, nothing is restarted.
        node.running.write_text(runs)
    before = node.files()
    state = sorted((nowhere.folder / 'state').iterdir())
    for command in ('check', 'plan', 'verify', 'status'):
        assert told in nowhere.run(command).stdout
    assert node.files() == before
    assert sorted((nowhere.folder / 'state').iterdir()) == state
    nowhere.does('rollback')
    assert (node.files(), node.runs) == (stock, '29.4.0')


@pytest.mark.parametrize('step', ['exchange', 'restart', 'make it final'])
def test_rollback_is_cut_at_each_step(nowhere: World, step: str) -> None:
    """A rollback that was interrupted goes on when it is run again."""
    node = nowhere.node('one')
    before = node.files()
    nowhere.does('apply')
    run = nowhere.start('rollback')
    _read_until(run, step)
    run.kill()
    run.communicate(timeout=60)
    nowhere.does('rollback')
    assert node.files() == before
    assert node.runs == '29.4.0'


def _but_ours(files: dict) -> dict:
    return {name: about for name, about in files.items() if not name.startswith('.xloud-upgrade')}


def _held(node: Node) -> Path:
    """Let its restart wait until the file exists that is given back."""
    go = node.root / 'go'
    node.restart = f'until test -e {go}; do sleep 0.1; done; {node.restart}'
    return go


def _held_rsync(nowhere: World) -> dict[str, str]:
    """An rsync that waits until it is let go, in front of the real one."""
    tools = nowhere.folder / 'tools'
    tools.mkdir(exist_ok=True)
    script = tools / 'rsync'
    script.write_text(HELD_COPY.format(here=nowhere.folder, rsync=shutil.which('rsync')))
    script.chmod(0o755)
    return {'PATH': f'{tools}:{os.environ["PATH"]}'}


def _read_until(run: subprocess.Popen[str], step: str) -> None:
    assert run.stderr is not None
    seen = ''
    for line in run.stderr:
        seen += line
        if f' {step}' in line:
            return
    raise AssertionError(seen)


def _until(true, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)

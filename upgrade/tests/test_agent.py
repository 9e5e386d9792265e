"""The exchange of files, killed at every single step; the messages; what the agent refuses."""

import ast
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from upgrade.agent import archive, files, main, protocol, stage, swap
from upgrade.agent.protocol import (
    AppliedFork,
    Installation,
    InstalledFile,
    JournalEntry,
    NewFile,
    Operation,
    Phase,
    Request,
)
from upgrade.target import session
from upgrade.tests import made_up

APPLY = Operation('apply')
FORK = AppliedFork('fork')
#: The agent's calls to the file system, by the names of the interpreter's audit events.
CALLS = ('os.rename', 'os.remove', 'os.link', 'os.mkdir', 'os.rmdir', 'open', 'shutil.rmtree')


def _snapshot(site: Path) -> dict:
    snapshot = {}
    for path in sorted(site.rglob('*')):
        status = path.lstat()
        content = None if path.is_dir() else path.read_bytes()
        when = 0 if path.is_dir() or path.name == 'state.json' else status.st_mtime_ns
        snapshot[str(path.relative_to(site))] = (content, oct(status.st_mode), when)
    return snapshot


def _stage(site: Path) -> tuple[list[str], list[str]]:
    """Stage the made-up fork, as a request of apply does."""
    changed = {p: t for p, t in made_up.FORK.items() if made_up.RELEASED.get(p) != t}
    info = 'nova-29.4.0+xloud.1.dist-info'
    changed[f'{info}/METADATA'] = 'Version: 29.4.0+xloud.1\n'
    for path, text in changed.items():
        target = Path(files.own(str(site), 'incoming', path))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    new = {p: NewFile(files.digest(files.own(str(site), 'incoming', p))) for p in changed}
    removed = list(files.walk(str(site), 'nova-29.4.0.dist-info'))
    staged = stage.stage(str(site), new, removed, info)
    return staged, removed


def _killed(do: Callable[..., None], after: int, **arguments: Any) -> bool:
    """Run it in a process of its own, which is killed at the given call to the file system."""
    child = os.fork()
    if not child:
        remaining = after

        def count(event: str, _: object) -> None:
            nonlocal remaining
            if event in CALLS:
                remaining -= 1
                if remaining < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        status = 1
        try:
            sys.addaudithook(count)
            do(**arguments)
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL), status
    return status != 0


def _sites(tmp_path: Path) -> tuple[Path, dict, dict, list]:
    """A staged target; what it is before and after the exchange; the steps."""
    site = tmp_path / 'site'
    made_up.install(site)
    before = _snapshot(site)
    staged, removed = _stage(site)
    steps = swap.plan(str(site), staged, removed)
    done = tmp_path / 'done'
    shutil.copytree(site, done)
    swap.swap(str(done), steps, APPLY)
    swap.commit(str(done), FORK)
    return site, before, _snapshot(done), steps


def test_killed_at_every_step_of_the_exchange(tmp_path: Path) -> None:
    """Whatever instant a kill -9 comes at, the next run finds or makes the old state or the new."""
    site, before, after, steps = _sites(tmp_path)
    outcomes = []
    for count in range(1000):
        copy = tmp_path / f'copy{count}'
        shutil.copytree(site, copy)
        arguments = {'site': str(copy), 'steps': steps, 'operation': APPLY}
        was_killed = _killed(swap.swap, count, **arguments)
        leftover = swap.recover(str(copy))
        if leftover and not leftover.put_back:
            swap.commit(str(copy), FORK)
            assert _snapshot(copy) == after
            outcomes.append('new')
        else:
            assert _snapshot(copy) == before, count
            outcomes.append('old')
        shutil.rmtree(copy)
        if not was_killed:
            break
    assert outcomes == sorted(outcomes, reverse=True)
    assert outcomes.count('old') > len(steps)


@pytest.mark.parametrize('do', ['undo', 'commit'])
def test_killed_at_every_step_of_the_way_back_and_of_the_end(tmp_path: Path, do: str) -> None:
    """Putting back, and forgetting what was, may themselves be killed and done again."""
    site, before, after, steps = _sites(tmp_path)
    swap.swap(str(site), steps, APPLY)
    more = {'state': FORK} if do == 'commit' else {}
    for count in range(1000):
        copy = tmp_path / f'copy{count}'
        shutil.copytree(site, copy)
        was_killed = _killed(getattr(swap, do), count, site=str(copy), **more)
        leftover = swap.recover(str(copy))
        if leftover and not leftover.put_back:
            getattr(swap, do)(site=str(copy), **more)
        assert _snapshot(copy) == (before if do == 'undo' else after), count
        shutil.rmtree(copy)
        if not was_killed:
            break
    assert count > 5


def test_new_modules_leave_no_compiled_files_behind(tmp_path: Path) -> None:
    """Also not those that other versions and levels of Python wrote while the fork ran."""
    site, before, _, steps = _sites(tmp_path)
    swap.swap(str(site), steps, APPLY)
    for name in ('elastic.cpython-39.pyc', 'elastic.cpython-311.opt-1.pyc'):
        (site / 'nova' / '__pycache__' / name).write_bytes(b'')
    swap.undo(str(site))
    assert _snapshot(site) == before


def test_a_path_outside_of_nova_is_refused() -> None:
    """Neither a payload nor a backup can write anywhere else."""
    for path in ('os.py', '../nova/a.py', 'nova/../os.py', '/etc/passwd', 'nova-x/a', 'nova//a'):
        with pytest.raises(files.AgentError, match='is not one of an installed nova'):
            files.safe(path)


def test_a_backup_names_every_way_in_which_a_target_differs(tmp_path: Path) -> None:
    """Content, mode, a missing file, a new one, an empty folder: each is listed."""
    site = tmp_path / 'site'
    made_up.install(site)
    manifest = archive.pack(str(site)).files
    swap.clear(str(site))
    assert archive.differences(str(site), manifest, []) == []
    os.utime(site / 'nova/version.py', ns=(0, 0))
    (site / 'nova/compute/api.py').chmod(0o640)  # neither of umask 022 nor of 077
    (site / 'nova/elsewhere.py').unlink()
    (site / 'nova/more.py').touch()
    (site / 'nova/empty').mkdir()
    differences = archive.differences(str(site), manifest, [])
    assert [line.split(' ')[0:3] for line in differences] == [
        ['nova/elsewhere.py', 'is', 'missing'],
        ['nova/version.py:', 'its', 'mtime'],
        ['nova/compute/api.py:', 'its', 'mode'],
        ['nova/more.py', 'was', 'not'],
        ['nova/empty', 'is', 'left,'],
    ]


def test_the_agent_is_fit_for_old_pythons() -> None:
    """It runs under the target's Python, which is that of the release: 3.9 at the least."""
    ast.parse(session.bundle(1), feature_version=(3, 9))
    for path in (Path(session.__file__).parent.parent / 'agent').glob('*.py'):
        tree = ast.parse(path.read_text(), feature_version=(3, 9))
        imported = {
            name.name.split('.')[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.Import)
            for name in node.names
        }
        assert imported <= sys.stdlib_module_names


def test_every_request_is_answered() -> None:
    """There is a handler for each class of request, and no other."""
    assert set(main.HANDLERS) == set(Request.__subclasses__())


@pytest.mark.parametrize(
    'message',
    [
        protocol.Ping(),
        protocol.RunCommand(['true'], 1.5),
        protocol.Stage('/s', {'nova/a.py': NewFile('ab', 0o600)}, ['b'], 'i', [('g', 'n', 'v')]),
        protocol.Unpack('/s', {'nova/a': InstalledFile(link='b')}, 'ab'),
        protocol.Swap(
            '/s', ['a'], [], Operation('apply', state=AppliedFork('1', files={'a': 'b'}))
        ),
    ],
)
def test_a_request_arrives_as_it_was_sent(message: Request) -> None:
    """Nested messages, and those of no fields, keep their types."""
    assert protocol.load_request(protocol.dump_request(message)) == message


def test_an_answer_arrives_as_it_was_sent() -> None:
    """Its type is the one that its request names; what has no value is not sent."""
    installed = Installation(
        '/s', '3.9.2', '/bin/python', ['i'], ['1'], [], 9,
        {'nova/a.py': InstalledFile('ab', 1, 0o644, 2, 3, 4), 'nova/b': InstalledFile(link='a.py')},
        journal=JournalEntry(Phase.SWAPPED, Operation('rollback', restart=True)),
    )  # fmt: skip
    line = protocol.dump_answer(installed)
    assert b'"nova/b": {"link": "a.py"}' in line
    answer = json.loads(line)['answer']
    assert protocol.decode(protocol.answer_type(protocol.InspectSite('/s')), answer) == installed
    kind = protocol.answer_type(protocol.Recover('/s'))
    assert protocol.decode(kind, protocol.encode(None)) is None


def test_what_an_earlier_version_has_written_can_be_read() -> None:
    """Manifests and states outlive the program: fields of others are passed over."""
    content = {'version': '1', 'base': '0', 'files': {'a': 'b'}, 'colour': 'red'}
    assert protocol.decode(AppliedFork, content) == AppliedFork('1', '0', files={'a': 'b'})

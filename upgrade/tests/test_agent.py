"""The exchange of files, killed at every single step; and what the agent refuses."""

import ast
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from upgrade.agent import archive, files, stage, swap
from upgrade.target import session
from upgrade.tests import made_up

#: What the agent asks of the file system, as the interpreter tells it.
ASKED = ('os.rename', 'os.remove', 'os.link', 'os.mkdir', 'os.rmdir', 'open', 'shutil.rmtree')


def _snapshot(site: Path) -> dict:
    found = {}
    for path in sorted(site.rglob('*')):
        known = path.lstat()
        content = None if path.is_dir() else path.read_bytes()
        when = 0 if path.is_dir() or path.name == 'state.json' else known.st_mtime_ns
        found[str(path.relative_to(site))] = (content, oct(known.st_mode), when)
    return found


def _stage(site: Path) -> tuple[list[str], list[str]]:
    """Stage the made-up fork, as a request of apply does."""
    changed = {p: t for p, t in made_up.FORK.items() if made_up.RELEASED.get(p) != t}
    info = 'nova-29.4.0+xloud.1.dist-info'
    changed[f'{info}/METADATA'] = 'Version: 29.4.0+xloud.1\n'
    for path, text in changed.items():
        target = Path(files.ours(str(site), 'incoming', path))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    wanted = {p: {'sha256': files.digest(files.ours(str(site), 'incoming', p))} for p in changed}
    removed = list(files.walk(str(site), 'nova-29.4.0.dist-info'))
    staged = stage.stage(str(site), wanted, removed, info)
    return staged, removed


def _killed(do: Callable[..., None], after: int, **asked: Any) -> bool:
    """Run it in a process of its own, which dies at so many requests to the file system."""
    child = os.fork()
    if not child:
        left = after

        def count(event: str, _: object) -> None:
            nonlocal left
            if event in ASKED:
                left -= 1
                if left < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        status = 1
        try:
            sys.addaudithook(count)
            do(**asked)
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
    swap.swap(str(done), steps, {'kind': 'apply'})
    swap.commit(str(done), {'version': 'fork'})
    return site, before, _snapshot(done), steps


def test_killed_at_every_step_of_the_exchange(tmp_path: Path) -> None:
    """Whatever instant a kill -9 comes at, the next run finds or makes the old state or the new."""
    site, before, after, steps = _sites(tmp_path)
    outcomes = []
    for count in range(1000):
        copy = tmp_path / f'copy{count}'
        shutil.copytree(site, copy)
        asked = {'site': str(copy), 'steps': steps, 'about': {'kind': 'apply'}}
        was_killed = _killed(swap.swap, count, **asked)
        left = swap.recover(str(copy))
        if left and left['did'] == 'left':
            swap.commit(str(copy), {'version': 'fork'})
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
    swap.swap(str(site), steps, {'kind': 'apply'})
    more = {'state': {'version': 'fork'}} if do == 'commit' else {}
    for count in range(1000):
        copy = tmp_path / f'copy{count}'
        shutil.copytree(site, copy)
        was_killed = _killed(getattr(swap, do), count, site=str(copy), **more)
        left = swap.recover(str(copy))
        if left and left['did'] == 'left':
            getattr(swap, do)(site=str(copy), **more)
        assert _snapshot(copy) == (before if do == 'undo' else after), count
        shutil.rmtree(copy)
        if not was_killed:
            break
    assert count > 5


def test_new_modules_leave_no_compiled_files_behind(tmp_path: Path) -> None:
    """Also not those that other versions and levels of Python wrote while the fork ran."""
    site, before, _, steps = _sites(tmp_path)
    swap.swap(str(site), steps, {'kind': 'apply'})
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
    """Content, mode, a missing file, a new one, an empty folder: each is told."""
    site = tmp_path / 'site'
    made_up.install(site)
    manifest = archive.pack(str(site))['files']
    swap.clear(str(site))
    assert archive.differences(str(site), manifest, []) == []
    os.utime(site / 'nova/version.py', ns=(0, 0))
    (site / 'nova/compute/api.py').chmod(0o600)
    (site / 'nova/elsewhere.py').unlink()
    (site / 'nova/more.py').touch()
    (site / 'nova/empty').mkdir()
    told = archive.differences(str(site), manifest, [])
    assert [line.split(' ')[0:3] for line in told] == [
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
